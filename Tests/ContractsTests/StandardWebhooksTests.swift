import Contracts
import Foundation
import JSON
import Testing

/// What we sign, the libraries of others accept: Python's `standardwebhooks` and `cryptography`, which scripts/setup installs.
@Suite("Standard Webhooks")
struct StandardWebhooksTests {
    /// A webhook as its receiver sees it.
    private struct Webhook: Encodable {
        var id = "msg_p5jXN8AQM9LWM0D4loKWxJek"
        /// Recent, since the library looks at it.
        var timestamp = "\(Int64(Date().timeIntervalSince1970))"
        var signature = ""
        var body = #"{"type":"activity_request.completed","name":"Zoë – 株式会社"}"#
        var secret: String?
        var publicKey: String?

        mutating func sign(with texts: String...) throws {
            signature = try texts.map {
                try WebhookSigner(parsing: $0).sign(id: id, timestamp: Int64(timestamp) ?? 0, body: Array(body.utf8))
            }.joined(separator: " ")
        }
    }

    /// What the verifiers say of each.
    private func verdicts(on webhooks: [Webhook]) throws -> [String] {
        let here = URL(filePath: #filePath).deletingLastPathComponent()
        // As it is: what the link leads to would not know of the environment's packages.
        let python = here.deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: ".weir/venv/bin/python")
        try #require(
            FileManager.default.isExecutableFile(atPath: python.path), "there is no \(python.path); run: make setup")
        let encoder = JSONEncoder()
        let lines = try webhooks.map { try encoder.encode($0) + Data("\n".utf8) }.reduce(Data(), +)
        // A file and no pipe: a process that another test starts meanwhile would inherit the end that has to be closed.
        let input = FileManager.default.temporaryDirectory.appending(path: "weir-webhooks-\(UUID()).ndjson")
        try lines.write(to: input)
        defer { try? FileManager.default.removeItem(at: input) }
        let output = Pipe()
        let process = Process()
        process.executableURL = python
        process.arguments = [here.appending(path: "Verifiers/verify_webhooks.py").path]
        process.standardInput = try FileHandle(forReadingFrom: input)
        process.standardOutput = output
        try process.run()
        let said = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return String(decoding: said, as: UTF8.self).split(separator: "\n").map(String.init)
    }

    @Test func othersAcceptWhatWeSign() throws {
        let secret = WebhookSecret.makeText()
        let key = WebhookPrivateKey.makeText()
        var shared = Webhook(secret: secret)
        try shared.sign(with: secret)
        var asymmetric = Webhook(publicKey: try WebhookPrivateKey(parsing: key).publicText)
        try asymmetric.sign(with: key)
        // While secrets are rotated, each receiver finds the one that it knows.
        var rotated = Webhook(secret: secret)
        try rotated.sign(with: WebhookSecret.makeText(), key, secret)
        // The same webhook, with the time that was signed: another one's may be of the second before.
        var both = rotated
        (both.secret, both.publicKey) = (nil, asymmetric.publicKey)
        let verdicts = try verdicts(on: [shared, asymmetric, rotated, both])
        #expect(verdicts == ["ok", "ok", "ok", "ok"])
    }

    @Test func othersRefuseWhatWasChanged() throws {
        let secret = WebhookSecret.makeText()
        let key = WebhookPrivateKey.makeText()
        var shared = Webhook(secret: secret)
        try shared.sign(with: secret)
        var asymmetric = Webhook(publicKey: try WebhookPrivateKey(parsing: key).publicText)
        try asymmetric.sign(with: key)
        let changed = [shared, asymmetric].flatMap { webhook in
            var (body, id, timestamp) = (webhook, webhook, webhook)
            body.body += " "
            id.id += "x"
            timestamp.timestamp = "\((Int64(webhook.timestamp) ?? 0) - 1)"
            return [body, id, timestamp]
        }
        let verdicts = try verdicts(on: changed)
        #expect(verdicts.count == changed.count && !verdicts.contains("ok"), "\(verdicts)")
    }
}

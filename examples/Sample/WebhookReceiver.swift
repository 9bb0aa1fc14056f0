import ArgumentParser
import Contracts
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore

/// Receives webhooks as any client of Weir would: checks the signature, then stores the body under its id.
struct WebhookReceiver: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Serve POST /webhooks (verified after Standard Webhooks) and GET /stats."
    )

    @OptionGroup var listen: ListenOptions

    @Option(help: "Environment variable that holds the secret (whsec_…).")
    var secretEnv: String?

    @Option(help: "File that holds the secret, in place of a variable.")
    var secretFile: String?

    @Option(help: "Folder for the bodies, one file per webhook-id; made if missing.")
    var output: String

    func validate() throws {
        guard (secretEnv == nil) != (secretFile == nil) else {
            throw ValidationError("Give the secret either by --secret-env or by --secret-file.")
        }
    }

    /// The longest body, in bytes.
    private static let bodyBytesMax = 64 << 20

    func run() async throws {
        let secret = try WebhookSecret(parsing: try secretText())
        let inbox = try DeliveryInbox(directory: output)
        let router = Router()
        router.post("webhooks") { request, _ in
            let body = try await request.body.collect(upTo: Self.bodyBytesMax)
            let id = request.headers[.webhookID]
            do {
                try secret.verify(
                    id: id,
                    timestamp: request.headers[.webhookTimestamp],
                    signature: request.headers[.webhookSignature],
                    body: Array(body.readableBytesView),
                    now: Int64(Date().timeIntervalSince1970)
                )
            } catch {
                await inbox.countRejected()
                report("refused \(id ?? "a webhook without id"): \(error); is its secret ours?")
                return Response.problem(.unauthorized, title: "Not verified", detail: "\(error)")
            }
            try await inbox.store(body, id: id ?? "")
            report("accepted \(id ?? ""), \(body.readableBytes) bytes")
            return Response(status: .noContent)
        }
        router.get("stats") { _, _ in await inbox.statistics }
        try await serve(router, listen, name: "webhook-receiver")
    }

    private func secretText() throws -> String {
        if let secretFile {
            guard let text = try? String(contentsOfFile: secretFile, encoding: .utf8) else {
                throw ValidationError("\(secretFile) cannot be read.")
            }
            return text.filter { !$0.isWhitespace }
        }
        guard let text = ProcessInfo.processInfo.environment[secretEnv ?? ""] else {
            throw ValidationError("The environment has no \(secretEnv ?? "").")
        }
        return text
    }

    /// To standard error; standard output is for programs.
    private func report(_ line: String) {
        FileHandle.standardError.write(Data((line + "\n").utf8))
    }
}

extension HTTPField.Name {
    fileprivate static let webhookID = Self.known("webhook-id")
    fileprivate static let webhookTimestamp = Self.known("webhook-timestamp")
    fileprivate static let webhookSignature = Self.known("webhook-signature")

    private static func known(_ name: String) -> Self {
        guard let name = Self(name) else { preconditionFailure("\(name) is a field name") }
        return name
    }
}

import Foundation
import JSON
import Logging
import Outbound

/// The APIs of `weir-stub-apis`, a process of their own on a free port, that the catalogues in `examples/` ask.
final class StubAPIs: Sendable {
    /// Where they are; each API is one path component below.
    let url: String
    private let process: ServiceProcess
    private let directory: URL
    private let outbound: OutboundClient

    /// The secrets that the example catalogues name, as the services find them.
    static let secrets = [
        "DIRECTORY_KEY": "directory-key", "CRM_CLIENT": "crm-client", "CRM_CLIENT_SECRET": "crm-secret",
        "REGISTRY_TOKEN": "registry-token", "BATCH_USER": "batch-user", "BATCH_PASSWORD": "batch-password",
        "SEARCH_KEY": "search-key",
    ].reduce(into: [:]) { $0["WEIR_SECRET_" + $1.key] = $1.value }

    /// What is sent in place of secrets: the names and passwords of HTTP Basic, and what the CRM's tokens begin with.
    static let credentials =
        ["batch-user:batch-password", "crm-client:crm-secret"].map {
            Data($0.utf8).base64EncodedString()
        } + ["crm-token-"]

    /// Lends the stubs.
    static func with<Output>(_ body: (StubAPIs) async throws -> Output) async throws -> Output {
        let stubs = try await StubAPIs()
        do {
            let output = try await body(stubs)
            try await stubs.stop()
            return output
        } catch {
            try? await stubs.stop()
            throw error
        }
    }

    private init() async throws {
        let directory = try ShortDirectory.make()
        let process = ServiceProcess(
            executable: try Executables.path(of: "weir-stub-apis"), environment: ["PATH": "/usr/bin:/bin"],
            logPath: directory.appending(path: "out").path, errorPath: directory.appending(path: "err").path)
        try await process.start()
        url = try await eventually("the line that says where the stubs are") {
            guard process.isAlive else { throw HarnessError("weir-stub-apis ended: \(process.errors)") }
            return try? JSONValue(parsing: process.log)["url"]?.stringValue
        }
        self.directory = directory
        self.process = process
        var configuration = OutboundClient.Configuration()
        configuration.allowedNetworks = ["127.0.0.0/8"]
        outbound = try OutboundClient(configuration: configuration, logger: .silent)
    }

    private func stop() async throws {
        await process.kill9()
        await outbound.close()
        try FileManager.default.removeItem(at: directory)
    }

    /// What an API has counted: `calls`, `in_flight_max`, `per_second_max`, `violations`, `tokens_issued`, …
    func counts(of api: String) async throws -> JSONValue {
        try await control("GET", api, nil)
    }

    /// Forgets counts, settings and what was planned.
    func reset(_ api: String) async throws {
        _ = try await control("DELETE", api, nil)
    }

    /// Sets limits, latency and the like, such as `{"concurrency": 4, "per_second": 10, "latency_ms": 50}`.
    func set(_ api: String, _ settings: JSONValue) async throws {
        _ = try await control("PUT", "\(api)/settings", settings)
    }

    /// Plans what goes wrong next, such as `[{"kind": "status", "status": 503, "times": 2}]`.
    func plan(_ api: String, _ misbehaviors: JSONValue) async throws {
        _ = try await control("POST", "\(api)/misbehaviors", misbehaviors)
    }

    /// Makes all tokens of the CRM stale.
    func revokeTokens() async throws {
        _ = try await control("POST", "crm/revoke", nil)
    }

    private func control(_ method: String, _ path: String, _ body: JSONValue?) async throws -> JSONValue {
        let answer = try await outbound.send(
            OutboundRequest(method: method, url: "\(url)/control/\(path)", body: body.map { Array("\($0)".utf8) }))
        guard (200..<300).contains(answer.status) else {
            throw HarnessError(
                "\(method) \(path): HTTP \(answer.status) \(String(decoding: answer.body, as: UTF8.self))")
        }
        return answer.body.isEmpty ? .null : try JSONValue(parsing: answer.body)
    }
}

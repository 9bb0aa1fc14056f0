import Exchanges
import Foundation
import JSON
import Logging
import Outbound
import Sources
import Synchronization
import Templates
import Testing

/// The secrets of all tests. Their values are told apart from everything else by `s3cret`.
let secretValues = [
    "KEY": "s3cret/key+1", "USER": "s3cret-user", "PASSWORD": "s3cret:pass", "TOKEN": "s3cret-token", "ID": "s3cret id",
    "CLIENT": "s3cret&client",
]

struct NoSuchSecret: Error, CustomStringConvertible {
    let name: String
    var description: String { "the secret \(name) is not set" }
}

/// An API and a way of calling it.
struct Fixture: Sendable {
    let api: APIServer
    let outbound: OutboundClient

    /// A client of a source whose templates are relative to the API.
    func client(
        _ setup: SourceSetup = SourceSetup(), run: JSONValue = ["url": "/things/<<$object>>"],
        templates: [SourceStep: JSONValue] = [:], tokens: any TokenStore = InMemoryTokenStore()
    ) throws -> SourceClient {
        func absolute(_ template: JSONValue?) -> JSONValue? {
            guard var object = template?.objectValue, let url = object["url"]?.stringValue else { return template }
            if url.hasPrefix("/") { object["url"] = .string(api.url + url) }
            return .object(object)
        }
        return try SourceClient(
            setup: setup,
            templates: SourceTemplates(templates.merging([.run: run]) { given, _ in given }.compactMapValues(absolute)),
            outbound: outbound,
            secrets: { name in
                guard let value = secretValues[name] else { throw NoSuchSecret(name: name) }
                return value
            }, now: { Date(timeIntervalSince1970: 0) }, tokens: tokens)
    }

    /// The client's own credentials at the API's token endpoint.
    func credentials(
        _ authentication: ClientCredentials.ClientAuthentication = .basic, scope: String? = nil,
        parameters: [ClientCredentials.Parameter] = []
    ) -> SourceSetup {
        SourceSetup(
            authentication: .clientCredentials(
                ClientCredentials(
                    tokenURL: api.url + "/token", clientID: "<<$secret.ID>>", clientSecret: "<<$secret.CLIENT>>",
                    scope: scope, parameters: parameters, clientAuthentication: authentication)))
    }
}

extension SourceClient {
    /// Runs the step about one object.
    func run(
        _ object: String = "x", step: SourceStep = .run, observer: (any ExchangeObserver)? = nil,
        cancellation: ExchangeCancellation? = nil
    ) async -> ExchangeOutcome {
        await perform(
            step, variables: { $0 == "object" ? TemplateVariable(.string(object)) : nil }, cancellation: cancellation,
            observer: observer)
    }
}

extension ExchangeOutcome {
    var answer: ExchangeAnswer? { if case .answer(let answer) = self { answer } else { nil } }
    var failure: ExchangeFailure? { if case .failure(let failure) = self { failure } else { nil } }
    /// The body as text.
    var text: String? { answer.map { String(decoding: $0.body, as: UTF8.self) } }
}

/// Lends an API that answers as the closure says, and leaves nothing behind.
func withAPI<Value>(
    _ handler: @escaping @Sendable (APIServer.Request) -> APIServer.Reply?, _ body: (Fixture) async throws -> Value
) async throws -> Value {
    let api = try APIServer(handler)
    var configuration = OutboundClient.Configuration()
    configuration.allowedNetworks = ["127.0.0.0/8"]
    let outbound = try OutboundClient(
        configuration: configuration, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    do {
        let value = try await body(Fixture(api: api, outbound: outbound))
        await outbound.close()
        await api.stop()
        return value
    } catch {
        await outbound.close()
        await api.stop()
        throw error
    }
}

/// Counts, from any thread.
final class Counter: Sendable {
    private let count = Mutex(0)

    /// The number before.
    @discardableResult
    func next() -> Int {
        count.withLock { count in
            defer { count += 1 }
            return count
        }
    }

    var value: Int { count.withLock { $0 } }
}

/// Keeps what it sees.
final class RecordingObserver: ExchangeObserver {
    private let seen = Mutex<[ObservedCall]>([])

    var calls: [ObservedCall] { seen.withLock { $0 } }

    func observe(_ call: ObservedCall) {
        seen.withLock { $0.append(call) }
    }
}

import JSON
import Logging
import Outbound
import StubAPIs
import Testing

/// The stubs, running, and a plain HTTP client that asks them.
struct StubFixture {
    struct Answer {
        let response: OutboundResponse

        var status: Int { response.status }
        var json: JSONValue { (try? JSONValue(parsing: response.body)) ?? .null }
    }

    let url: String
    let client: OutboundClient

    /// Lends the stubs of one test.
    static func with(_ body: @escaping @Sendable (StubFixture) async throws -> Void) async throws {
        var configuration = OutboundClient.Configuration()
        configuration.allowedNetworks = ["127.0.0.0/8"]
        let client = try OutboundClient(configuration: configuration, logger: Logger(label: "test"))
        let (ports, continuation) = AsyncStream.makeStream(of: Int.self)
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    // Ends by being cancelled.
                    try? await StubAPIServer().run { port in continuation.yield(port) }
                    continuation.finish()
                }
                for await port in ports {
                    try await body(StubFixture(url: "http://127.0.0.1:\(port)", client: client))
                    break
                }
                group.cancelAll()
            }
        } catch {
            await client.close()
            throw error
        }
        await client.close()
    }

    func get(_ target: String, _ headers: [(String, String)] = []) async throws -> Answer {
        try await send("GET", target, headers, nil)
    }

    func post(_ target: String, _ headers: [(String, String)] = [], _ body: String = "") async throws -> Answer {
        try await send("POST", target, headers, body)
    }

    func send(
        _ method: String, _ target: String, _ headers: [(String, String)] = [], _ body: String? = nil
    ) async throws -> Answer {
        let address = target.hasPrefix("http") ? target : url + target
        return Answer(
            response: try await client.send(
                OutboundRequest(
                    method: method, url: address, headers: headers.map { (name: $0.0, value: $0.1) },
                    body: body.map { Array($0.utf8) })))
    }

    /// Plans misbehaviors of an API.
    func plan(_ api: String, _ json: String) async throws -> Int {
        try await post("/control/\(api)/misbehaviors", [], json).status
    }

    /// Settings of an API.
    func set(_ api: String, _ json: String) async throws -> Int {
        try await send("PUT", "/control/\(api)/settings", [], json).status
    }

    func counts(_ api: String) async throws -> JSONValue {
        try await get("/control/\(api)").json
    }

    /// Waits until a count of an API is no longer 0.
    func waitForCount(_ count: String, of api: String) async throws {
        let deadline = ContinuousClock.now + .seconds(30)
        while try await counts(api)[count]?.intValue ?? 0 == 0 {
            guard ContinuousClock.now < deadline else {
                Issue.record("\(api) never counted any \(count)")
                throw CancellationError()
            }
            // The stub calls by itself, and says so nowhere but in its counts.
            try await Task.sleep(for: .milliseconds(10))
        }
    }
}

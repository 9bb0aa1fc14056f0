import Bus
import Glibc
import Logging
import Messaging
import Testing

let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

/// A broker on a free port of its own with everything that a test makes around it.
struct BrokerFixture {
    let broker: BusBroker

    /// Runs a broker for the length of the body. Heartbeats are slow, so that a busy machine's silence forgets nobody; a test of silence has
    /// quicker ones.
    static func with(
        _ change: (inout BusBrokerConfiguration) -> Void = { _ in },
        _ body: (BrokerFixture) async throws -> Void
    ) async throws {
        var configuration = BusBrokerConfiguration(
            endpoint: "tcp://127.0.0.1:*", eventsEndpoint: "tcp://127.0.0.1:*", heartbeat: .seconds(10))
        change(&configuration)
        let broker = try BusBroker(configuration: configuration, logger: silent)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await broker.run() }
            do {
                try await body(BrokerFixture(broker: broker))
            } catch {
                broker.stop()
                throw error
            }
            broker.stop()
            try await group.waitForAll()
        }
    }

    /// A client that has reached the broker.
    func client(_ change: (inout BusConfiguration) -> Void = { _ in }) async throws -> BusClient {
        let client = try unconnectedClient(change)
        try await client.ping(timeout: .seconds(30))
        return client
    }

    func unconnectedClient(_ change: (inout BusConfiguration) -> Void = { _ in }) throws -> BusClient {
        var configuration = BusConfiguration(endpoints: [broker.endpoint], eventsEndpoint: broker.eventsEndpoint)
        configuration.reconnectFirst = .milliseconds(5)
        configuration.reconnectLongest = .milliseconds(50)
        change(&configuration)
        return try BusClient(configuration: configuration, logger: silent)
    }

    /// A consumer that the broker knows of.
    func consumer(of client: BusClient, topics: [String], credit: Int) async throws -> BusConsumer {
        let consumer = client.consume(topics: topics, credit: credit)
        try await client.ping(timeout: .seconds(30))
        return consumer
    }

    func rawPeer(_ change: (inout SocketOptions) -> Void = { _ in }, routingID: String? = nil) throws -> RawPeer {
        try RawPeer(endpoint: broker.endpoint, routingID: routingID, change)
    }

    var port: UInt16 {
        get throws { try #require(UInt16(Endpoint(parsing: broker.endpoint).port)) }
    }
}

/// Waits for what only time brings about and nothing signals, such as that silence was noticed.
func eventually(
    _ what: String, sourceLocation: SourceLocation = #_sourceLocation, _ condition: () throws -> Bool
) async throws {
    let deadline = SuspendingClock().now.advanced(by: .seconds(30))
    while try !condition() {
        guard SuspendingClock().now < deadline else {
            Issue.record("never happened: \(what)", sourceLocation: sourceLocation)
            throw CancellationError()
        }
        try await Task.sleep(for: .milliseconds(2))
    }
}

/// The error of a command that fails.
func failure(
    _ client: BusClient, topic: String, key: String = "", timeout: Duration = .seconds(30)
) async -> MessagingError.Code? {
    do {
        _ = try await client.request(topic: topic, key: key, body: [1], timeout: timeout)
        return nil
    } catch {
        return error.code
    }
}

extension BusConsumer {
    /// The next messages, until there are as many as asked for or the consumer ends.
    func take(_ count: Int) async -> [BusMessage] {
        var taken: [BusMessage] = []
        var iterator = makeAsyncIterator()
        while taken.count < count, let batch = await iterator.next() { taken += batch }
        return taken
    }
}

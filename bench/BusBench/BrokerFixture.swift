import Bus
import Messaging

/// A broker with a publishing and a consuming client, each with threads and a context of its own.
struct BrokerFixture {
    let broker: BusBroker
    let publisher: BusClient
    let consumer: BusClient

    static func with<Result>(_ body: (BrokerFixture) async throws -> Result) async throws -> Result {
        var configuration = BusBrokerConfiguration(endpoint: "tcp://127.0.0.1:*")
        configuration.queueMessagesMax = 1_000_000
        let broker = try BusBroker(configuration: configuration, logger: BusBench.logger)
        async let serving: Void = broker.run()
        var client = BusConfiguration(endpoints: [broker.endpoint])
        client.outboxMessagesMax = 1_000_000
        client.name = "bench"
        let fixture = BrokerFixture(
            broker: broker, publisher: try BusClient(configuration: client, logger: BusBench.logger),
            consumer: try BusClient(configuration: client, logger: BusBench.logger))
        let result = try await body(fixture)
        await fixture.publisher.close()
        await fixture.consumer.close()
        broker.stop()
        try await serving
        return result
    }
}

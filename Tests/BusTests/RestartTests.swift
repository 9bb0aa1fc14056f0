import Bus
import Glibc
import Messaging
import Testing

@Suite("Brokers that go and come back", .timeLimit(.minutes(10)))
struct RestartTests {
    @Test func clientsFindTheNextBrokerAndSayAgainWhatTheyWant() async throws {
        var clients: [BusClient] = []
        var consumers: [BusConsumer] = []
        var held: [BusMessage] = []
        // A port would be free for anybody between the brokers.
        let path = "/tmp/weir-bus-\(UInt64.random(in: 0 ... .max))"
        defer { unlink(path) }
        let endpoint = "ipc://\(path)"
        try await BrokerFixture.with {
            $0.endpoint = endpoint
        } _: { fixture in
            // A busy machine's silence must not open a session of its own.
            let client = try await fixture.client { $0.heartbeat = .seconds(10) }
            let consumer = try await fixture.consumer(of: client, topics: ["t"], credit: 3)
            client.publish(topic: "t", key: "before", body: [])
            held = await consumer.take(1)
            clients = [client]
            consumers = [consumer]
        }
        let (client, consumer) = (clients[0], consumers[0])
        client.publish(topic: "t", key: "while nobody was there", body: [])
        try await BrokerFixture.with {
            $0.endpoint = endpoint
        } _: { fixture in
            held += await consumer.take(1)
            #expect(held.map(\.key) == ["before", "while nobody was there"])
            // Of a credit of three, two messages are held: one from each broker.
            try await client.ping(timeout: .seconds(30))
            #expect(fixture.broker.statistics.credit == 1)
            for message in held { message.finish() }
            async let reply = client.request(topic: "t", key: "", body: [], timeout: .seconds(30))
            for message in await consumer.take(1) { message.reply([5]) }
            #expect(try await reply.body == [5])
            try await client.ping(timeout: .seconds(30))
            #expect(fixture.broker.statistics.credit == 3)
            #expect(client.statistics.sessions == 2)
            await client.close()
        }
    }

    @Test func aCommandThatTheBrokerTookWithItIsAnswered() async throws {
        var clients: [BusClient] = []
        var requests: [Task<BusReply, any Error>] = []
        var held: [BusMessage] = []
        try await BrokerFixture.with { fixture in
            let client = try await fixture.client()
            let consumer = try await fixture.consumer(of: client, topics: ["t"], credit: 3)
            requests = [
                Task { try await client.request(topic: "t", key: "", body: [], timeout: .seconds(3_600)) }
            ]
            clients = [client]
            held = await consumer.take(1)
        }
        let error = await #expect(throws: MessagingError.self) { try await requests[0].value }
        #expect(error?.code == .brokerLost && held.count == 1)
        await clients[0].close()
    }

    @Test func withTwoBrokersTheOtherOneTakesOver() async throws {
        try await BrokerFixture.with { survivor in
            var clients: [BusClient] = []
            var consumers: [BusConsumer] = []
            try await BrokerFixture.with { doomed in
                let client = try await doomed.client {
                    $0.endpoints = [doomed.broker.endpoint, survivor.broker.endpoint]
                }
                let consumer = client.consume(topics: ["t"], credit: 3)
                try await eventually("both brokers know the consumer") {
                    doomed.broker.statistics.credit == 3 && survivor.broker.statistics.credit == 3
                }
                client.publish(topic: "t", key: "1", body: [])
                #expect(await consumer.take(1).map(\.key) == ["1"])
                #expect(doomed.broker.statistics.received + survivor.broker.statistics.received == 1)
                clients = [client]
                consumers = [consumer]
            }
            try await eventually("the client has noticed") { clients[0].statistics.connectedEndpoints == 1 }
            clients[0].publish(topic: "t", key: "2", body: [])
            #expect(await consumers[0].take(1).map(\.key) == ["2"])
            await clients[0].close()
        }
    }

    @Test func aBrokerStopsWhenItsTaskIsCancelledAndRunsOnlyOnce() async throws {
        let broker = try BusBroker(
            configuration: BusBrokerConfiguration(endpoint: "tcp://127.0.0.1:*"), logger: silent)
        let running = Task { try await broker.run() }
        running.cancel()
        try await running.value
        let error = await #expect(throws: MessagingError.self) { try await broker.run() }
        #expect(error?.code == .closed)
    }
}

import Bus
import Messaging
import Testing

@Suite("Reports, and what is counted by topic", .timeLimit(.minutes(10)))
struct ReportTests {
    /// Reports under a topic of its own until the observer sees it: subscriptions travel on another connection.
    private func firstReport(
        _ client: BusClient, _ iterator: inout AsyncStream<ObservedMessage>.Iterator
    ) async -> ObservedMessage? {
        let reporting = Task {
            while !Task.isCancelled {
                client.report(topic: "seen.report", key: "/weir/executor/box/1", body: [1, 2])
                try await client.ping(timeout: .seconds(30))
            }
        }
        let first = await iterator.next()
        reporting.cancel()
        _ = try? await reporting.value
        return first
    }

    @Test func aReportIsForObserversAndNobodyElse() async throws {
        try await BrokerFixture.with { fixture in
            let client = try await fixture.client()
            let consumer = try await fixture.consumer(of: client, topics: ["seen.report", "hint"], credit: 10)
            var iterator = try client.observe(topicPrefixes: ["seen."]).makeAsyncIterator()
            let seen = await firstReport(client, &iterator)
            #expect(
                seen
                    == ObservedMessage(
                        topic: "seen.report", key: "/weir/executor/box/1", body: [1, 2], isCommand: false,
                        missedCount: 0))
            // The consumer gets what comes after it, and nothing waits.
            client.publish(topic: "hint", key: "k", body: [3])
            let taken = await consumer.take(1)
            #expect(taken.map(\.topic) == ["hint"])
            try await client.ping(timeout: .seconds(30))
            #expect(fixture.broker.statistics.waiting.isEmpty && fixture.broker.statistics.received == 1)
            await client.close()
        }
    }

    @Test func aReportThatIsTooLargeIsNotSent() async throws {
        try await BrokerFixture.with { fixture in
            let client = try await fixture.client { $0.bodyBytesMax = 100 }
            #expect(!client.report(topic: "t", key: "k", body: [UInt8](repeating: 0, count: 101)))
            #expect(client.report(topic: "t", key: "k", body: [0]))
            await client.close()
            #expect(!client.report(topic: "t", key: "k", body: [0]))
        }
    }

    @Test func theBrokerReportsOfItselfWhileSomebodyObserves() async throws {
        let change = { (configuration: inout BusBrokerConfiguration) in
            configuration.report = BusReport(
                topic: "seen.bus", key: "/weir/bus/box/1", interval: .milliseconds(50), body: { [7] })
        }
        try await BrokerFixture.with(change) { fixture in
            let client = try await fixture.client()
            var iterator = try client.observe(topicPrefixes: ["seen."]).makeAsyncIterator()
            for _ in 0..<2 {
                let seen = await iterator.next()
                #expect(seen?.topic == "seen.bus" && seen?.key == "/weir/bus/box/1" && seen?.body == [7])
            }
            await client.close()
        }
    }

    @Test func messagesAreCountedByTopicAndOthersTogether() async throws {
        try await BrokerFixture.with({
            $0.countedTopics = ["known", "asked"]
            $0.queueMessagesMax = 2
        }) { fixture in
            let client = try await fixture.client()
            for key in ["a", "a", "b", "c"] {
                client.publish(topic: "known", key: key, body: [])
                // One by one, or they would be merged before they are sent.
                try await client.ping(timeout: .seconds(30))
            }
            client.publish(topic: "unknown", key: "a", body: [])
            client.publish(topic: "unknown, too", key: "a", body: [])
            #expect(await failure(client, topic: "asked") == .noConsumer)
            let consumer = client.consume(topics: ["known"], credit: 10)
            let taken = await consumer.take(2)
            #expect(Set(taken.map(\.key)) == ["b", "c"])
            try await eventually("the next tick") { fixture.broker.topicStatistics["known"]?.delivered == 2 }
            var known = BusTopicStatistics()
            (known.received, known.merged, known.dropped, known.delivered) = (4, 1, 1, 2)
            var asked = BusTopicStatistics()
            (asked.received, asked.refused) = (1, 1)
            var other = BusTopicStatistics()
            other.received = 2
            #expect(fixture.broker.topicStatistics == ["known": known, "asked": asked, "other": other])
            await client.close()
        }
    }
}

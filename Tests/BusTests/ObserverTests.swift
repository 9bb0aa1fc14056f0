import Bus
import Messaging
import Testing

@Suite("Observers' feed", .timeLimit(.minutes(10)))
struct ObserverTests {
    /// Publishes under a topic of its own until the observer sees it: subscriptions travel on another connection.
    private func waitUntilObserving(
        _ client: BusClient, _ iterator: inout AsyncStream<ObservedMessage>.Iterator
    ) async {
        let probing = Task {
            while !Task.isCancelled {
                client.publish(topic: "seen.probe", key: "", body: [])
                try await client.ping(timeout: .seconds(30))
            }
        }
        while let message = await iterator.next(), message.topic != "seen.probe" {}
        probing.cancel()
        _ = try? await probing.value
    }

    private func next(_ iterator: inout AsyncStream<ObservedMessage>.Iterator) async -> ObservedMessage? {
        while let message = await iterator.next() {
            if message.topic != "seen.probe" { return message }
        }
        return nil
    }

    @Test func observersSeeHintsWholeAndCommandsWithoutTheirData() async throws {
        try await BrokerFixture.with { fixture in
            let client = try await fixture.client()
            var iterator = try client.observe(topicPrefixes: ["seen."]).makeAsyncIterator()
            await waitUntilObserving(client, &iterator)
            client.publish(topic: "unseen", key: "k", body: [1])
            client.publish(topic: "seen.hint", key: "k", body: [1, 2])
            #expect(await failure(client, topic: "seen.command", key: "id") == .noConsumer)
            #expect(
                await next(&iterator)
                    == ObservedMessage(topic: "seen.hint", key: "k", body: [1, 2], isCommand: false, missedCount: 0))
            #expect(
                await next(&iterator)
                    == ObservedMessage(topic: "seen.command", key: "id", body: [], isCommand: true, missedCount: 0))
            await client.close()
        }
    }

    @Test func whoIsTooSlowMissesMessagesAndLearnsHowMany() async throws {
        try await BrokerFixture.with { fixture in
            let client = try await fixture.client()
            let observer = try await fixture.client { $0.inboxMessagesMax = 10 }
            var iterator = try observer.observe(topicPrefixes: ["seen."]).makeAsyncIterator()
            await waitUntilObserving(client, &iterator)
            // Waiting may have taken long enough for the inbox to overflow once already.
            let before = observer.statistics.observationsDropped
            for number in 0..<100 { client.publish(topic: "seen.t", key: "\(number)", body: []) }
            try await eventually("the inbox overflows") { observer.statistics.observationsDropped > before }
            var count = 0
            var missed = 0
            // Those published later fill the inbox again until the last of the first hundred is accounted for.
            while count + missed < 100 {
                client.publish(topic: "seen.t", key: "more", body: [])
                guard let message = await next(&iterator) else { break }
                count += 1
                missed += message.missedCount
            }
            #expect(missed > 0)
            await client.close()
            await observer.close()
        }
    }

    @Test func observationEndsWithTheClient() async throws {
        try await BrokerFixture.with { fixture in
            let client = try await fixture.client()
            let stream = try client.observe(topicPrefixes: [""])
            let observing = Task { for await _ in stream {} }
            await client.close()
            await observing.value
        }
    }
}

import Bus
import Messaging
import Testing

@Suite("Delivery of hints", .timeLimit(.minutes(10)))
struct DeliveryTests {
    @Test func aHintReachesItsConsumerAsItWas() async throws {
        try await BrokerFixture.with { fixture in
            let publisher = try await fixture.client()
            let subscriber = try await fixture.client()
            let consumer = try await fixture.consumer(of: subscriber, topics: ["other", "runs.ready"], credit: 10)
            publisher.publish(topic: "runs.ready", key: "källa-1", body: [0, 255, 10])
            let messages = await consumer.take(1)
            #expect(messages.map(\.topic) == ["runs.ready"] && messages.map(\.key) == ["källa-1"])
            #expect(messages.map(\.body) == [[0, 255, 10]] && messages.map(\.isCommand) == [false])
            await publisher.close()
            await subscriber.close()
        }
    }

    @Test func bodiesUpToTheBoundPass() async throws {
        try await BrokerFixture.with { fixture in
            let client = try await fixture.client()
            let consumer = try await fixture.consumer(of: client, topics: ["t"], credit: 10)
            let body = (0..<1 << 20).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            for number in 0..<5 { client.publish(topic: "t", key: "\(number)", body: body) }
            let messages = await consumer.take(5)
            #expect(messages.allSatisfy { $0.body == body })
            #expect(messages.map(\.key) == ["0", "1", "2", "3", "4"])
            await client.close()
        }
    }

    @Test func hintsThatWaitTogetherAreMergedIntoTheNewest() async throws {
        try await BrokerFixture.with { fixture in
            let client = try await fixture.client()
            for body in 1...3 as ClosedRange<UInt8> {
                client.publish(topic: "t", key: "same", body: [body])
                client.publish(topic: "t", key: "other \(body)", body: [body])
                // Goes to the broker before the next, so that it is the broker who merges.
                try await client.ping(timeout: .seconds(30))
            }
            #expect(fixture.broker.statistics.merged == 2)
            #expect(fixture.broker.statistics.waiting == ["t": 4])
            let consumer = try await fixture.consumer(of: client, topics: ["t"], credit: 10)
            let messages = await consumer.take(4)
            #expect(messages.map(\.key) == ["same", "other 1", "other 2", "other 3"])
            #expect(messages.first?.body == [3])
            await client.close()
        }
    }

    @Test func aFullQueueDropsTheOldestHintsAndCountsThem() async throws {
        try await BrokerFixture.with {
            $0.queueMessagesMax = 5
        } _: { fixture in
            let client = try await fixture.client()
            for number in 0..<8 { client.publish(topic: "t", key: "\(number)", body: []) }
            try await client.ping(timeout: .seconds(30))
            #expect(fixture.broker.statistics.dropped == 3)
            let consumer = try await fixture.consumer(of: client, topics: ["t"], credit: 10)
            #expect(await consumer.take(5).map(\.key) == ["3", "4", "5", "6", "7"])
            await client.close()
        }
    }

    @Test func consumersTakeTurns() async throws {
        try await BrokerFixture.with { fixture in
            let publisher = try await fixture.client()
            let first = try await fixture.client()
            let second = try await fixture.client()
            let consumers = [
                try await fixture.consumer(of: first, topics: ["t"], credit: 100),
                try await fixture.consumer(of: second, topics: ["t"], credit: 100),
            ]
            for number in 0..<60 { publisher.publish(topic: "t", key: "\(number)", body: []) }
            let evens = await consumers[0].take(30)
            let odds = await consumers[1].take(30)
            #expect(Set((evens + odds).map(\.key)) == Set((0..<60).map(String.init)))
            #expect(evens.count == 30 && odds.count == 30)
            for client in [publisher, first, second] { await client.close() }
        }
    }

    @Test func aConsumerHoldsNoMoreThanItsCredit() async throws {
        try await BrokerFixture.with { fixture in
            let client = try await fixture.client()
            let consumer = try await fixture.consumer(of: client, topics: ["t"], credit: 4)
            for number in 0..<10 { client.publish(topic: "t", key: "\(number)", body: []) }
            try await client.ping(timeout: .seconds(30))
            var held = await consumer.take(4)
            #expect(fixture.broker.statistics.delivered == 4 && fixture.broker.statistics.credit == 0)
            #expect(fixture.broker.statistics.waiting == ["t": 6])
            held[0].finish()
            held[0].finish()
            held += await consumer.take(1)
            try await client.ping(timeout: .seconds(30))
            #expect(held.count == 5 && fixture.broker.statistics.delivered == 5)
            for message in held { message.finish() }
            held += await consumer.take(4)
            for message in held { message.finish() }
            held += await consumer.take(1)
            #expect(held.map(\.key) == (0..<10).map(String.init))
            await client.close()
        }
    }

    @Test func aMessageThatIsLetGoGivesItsCreditBack() async throws {
        try await BrokerFixture.with { fixture in
            let client = try await fixture.client()
            let consumer = try await fixture.consumer(of: client, topics: ["t"], credit: 1)
            for number in 0..<100 { client.publish(topic: "t", key: "\(number)", body: []) }
            var count = 0
            while count < 100 { count += await consumer.take(1).count }
            await client.close()
        }
    }

    @Test func aSlowConsumerHoldsUpNobodyElse() async throws {
        try await BrokerFixture.with { fixture in
            let slow = try await fixture.client()
            let quick = try await fixture.client()
            let slowConsumer = try await fixture.consumer(of: slow, topics: ["t"], credit: 1)
            slow.publish(topic: "t", key: "held", body: [])
            let held = await slowConsumer.take(1)
            let consumer = try await fixture.consumer(of: quick, topics: ["t"], credit: 8)
            for number in 0..<500 { quick.publish(topic: "t", key: "\(number)", body: []) }
            var count = 0
            while count < 500 {
                let batch = await consumer.take(1)
                count += batch.count
                for message in batch { message.finish() }
            }
            #expect(held.map(\.key) == ["held"] && count == 500)
            await slow.close()
            await quick.close()
        }
    }

    @Test func severalTasksShareAConsumer() async throws {
        try await BrokerFixture.with { fixture in
            let client = try await fixture.client()
            let consumer = try await fixture.consumer(of: client, topics: ["t"], credit: 4)
            for number in 0..<200 { client.publish(topic: "t", key: "\(number)", body: []) }
            let done = AsyncStream.makeStream(of: Int.self)
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<3 {
                    group.addTask {
                        for await batch in consumer {
                            for message in batch { message.finish() }
                            done.continuation.yield(batch.count)
                        }
                    }
                }
                var count = 0
                for await more in done.stream {
                    count += more
                    if count == 200 { break }
                }
                consumer.cancel()
            }
            await client.close()
        }
    }

    @Test func whatIsPublishedBeforeClosingArrives() async throws {
        try await BrokerFixture.with { fixture in
            let publisher = try fixture.unconnectedClient { $0.closeTimeout = .seconds(30) }
            for number in 0..<1_000 { publisher.publish(topic: "t", key: "\(number)", body: []) }
            await publisher.close()
            try await eventually("all hints wait at the broker") { fixture.broker.statistics.waiting == ["t": 1_000] }
        }
    }

    @Test func aCancelledConsumerGetsNothingMore() async throws {
        try await BrokerFixture.with { fixture in
            let client = try await fixture.client()
            let consumer = try await fixture.consumer(of: client, topics: ["t"], credit: 4)
            consumer.cancel()
            try await client.ping(timeout: .seconds(30))
            #expect(fixture.broker.statistics.consumers == 0 && fixture.broker.statistics.credit == 0)
            #expect(await consumer.take(1).isEmpty)
            await client.close()
        }
    }
}

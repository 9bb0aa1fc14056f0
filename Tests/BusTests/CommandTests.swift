import Bus
import Messaging
import Testing

@Suite("Commands", .timeLimit(.minutes(10)))
struct CommandTests {
    @Test func theAnswerComesBackToTheOneWhoAsked() async throws {
        try await BrokerFixture.with { fixture in
            let requester = try await fixture.client()
            let server = try await fixture.client()
            let consumer = try await fixture.consumer(of: server, topics: ["sum"], credit: 8)
            let serving = Task {
                for await batch in consumer {
                    for message in batch {
                        if message.body.isEmpty {
                            message.reject(code: "empty", reason: "nothing to add")
                        } else {
                            message.reply([message.body.reduce(0, &+)])
                        }
                        message.reply([99])
                    }
                }
            }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<200 as Range<UInt8> {
                    group.addTask {
                        let reply = try await requester.request(
                            topic: "sum", key: "", body: [number, 1], timeout: .seconds(30))
                        #expect(reply == BusReply(status: .ok, body: [number + 1]))
                    }
                }
                try await group.waitForAll()
            }
            let refusal = try await requester.request(topic: "sum", key: "", body: [], timeout: .seconds(30))
            #expect(refusal == BusReply(status: .rejected(code: "empty", reason: "nothing to add")))
            #expect(fixture.broker.statistics.answered == 201)
            await requester.close()
            await server.close()
            await serving.value
        }
    }

    @Test func aTopicThatNobodyConsumesIsAnsweredAtOnce() async throws {
        try await BrokerFixture.with { fixture in
            let client = try await fixture.client()
            #expect(await failure(client, topic: "nobody") == .noConsumer)
            await client.close()
        }
    }

    @Test func aFullQueueIsAnsweredOverloadedAndLosesNothing() async throws {
        try await BrokerFixture.with {
            $0.queueMessagesMax = 2
        } _: { fixture in
            let client = try await fixture.client()
            let consumer = try await fixture.consumer(of: client, topics: ["t"], credit: 1)
            let waiting = (0..<3).map { number in
                Task { try await client.request(topic: "t", key: "\(number)", body: [], timeout: .seconds(30)) }
            }
            // One is handed over, two wait; the tasks start in any order.
            try await eventually("three commands are there") { fixture.broker.statistics.commands == 3 }
            #expect(await failure(client, topic: "t") == .overloaded)
            #expect(fixture.broker.statistics.overloaded == 1)
            for _ in 0..<3 {
                for message in await consumer.take(1) { message.reply() }
            }
            for task in waiting { #expect(try await task.value.status == .ok) }
            await client.close()
        }
    }

    @Test func aCommandThatNobodyAnswersTimesOutOnBothSides() async throws {
        try await BrokerFixture.with { fixture in
            let client = try await fixture.client()
            let consumer = try await fixture.consumer(of: client, topics: ["t"], credit: 1)
            // Long enough to be sent, which a command is not whose time is over.
            #expect(await failure(client, topic: "t", timeout: .seconds(1)) == .timeout)
            let late = await consumer.take(1)
            try await eventually("the broker forgot the command") { fixture.broker.statistics.commands == 0 }
            for message in late { message.reply() }
            try await client.ping(timeout: .seconds(30))
            #expect(fixture.broker.statistics.answersDropped >= 1)
            await client.close()
        }
    }

    @Test func aCommandThatIsLetGoIsAnswered() async throws {
        try await BrokerFixture.with { fixture in
            let client = try await fixture.client()
            let consumer = try await fixture.consumer(of: client, topics: ["t"], credit: 1)
            async let reply = client.request(topic: "t", key: "", body: [], timeout: .seconds(30))
            _ = await consumer.take(1)
            guard case .rejected("unanswered", _) = try await reply.status else {
                Issue.record("expected the code unanswered")
                return
            }
            await client.close()
        }
    }

    @Test(arguments: [true, false])
    func aConsumerThatVanishesOrFallsSilentLosesItsCommands(closes: Bool) async throws {
        try await BrokerFixture.with {
            $0.heartbeat = .seconds(1)
        } _: { fixture in
            let client = try await fixture.client()
            var peer: RawPeer? = try fixture.rawPeer()
            try await peer?.send { batch in
                batch.add(.hello, body: "doomed")
                batch.add(.subscribe, id: 1, topic: "t")
                batch.add(.credit, number: 5, id: 1)
            }
            // The answer to a batch that the broker has read to its end.
            let session = try await peer?.receive(.welcome).id
            client.publish(topic: "t", key: "held hint", body: [])
            async let code = failure(client, topic: "t")
            #expect(try await peer?.receive(.command, alive: session).number == 1)
            if closes { peer = nil }
            #expect(await code == .consumerLost)
            let statistics = fixture.broker.statistics
            #expect(statistics.consumerLost == 1 && statistics.consumers == 0 && statistics.credit == 0)
            #expect(statistics.waiting.isEmpty, "hints handed over are not handed over again")
            #expect(await failure(client, topic: "t") == .noConsumer)
            withExtendedLifetime(peer) {}
            await client.close()
        }
    }

    @Test func aClientThatWasForgottenIntroducesItselfAgain() async throws {
        try await BrokerFixture.with {
            $0.heartbeat = .milliseconds(200)
        } _: { fixture in
            let peer = try fixture.rawPeer()
            try await peer.send { $0.add(.hello) }
            let session = try await peer.receive(.welcome).id
            try await eventually("the silent client is forgotten") { fixture.broker.statistics.silenced == 1 }
            try await peer.send { $0.add(.heartbeat, id: session) }
            #expect(try await peer.receive(.welcome).id != session)
        }
    }
}

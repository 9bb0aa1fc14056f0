import Messaging
import Testing

@testable import Bus

/// The broker's decisions without sockets and with time moved by hand.
@Suite("Message router")
struct MessageRouterTests {
    private let wire = RecordedWire()

    private func router(_ change: (inout BusBrokerConfiguration) -> Void = { _ in }) -> MessageRouter<RecordedWire> {
        var configuration = BusBrokerConfiguration(endpoint: "inproc://unused", heartbeat: .seconds(1))
        change(&configuration)
        var session: UInt64 = 1_000
        return MessageRouter(configuration: configuration, wire: wire, now: SuspendingClock().now) {
            session += 1
            return session
        }
    }

    private func consume(_ router: MessageRouter<RecordedWire>, peer: UInt32, topic: String = "t", credit: UInt32) {
        router.receive(from: peer) { batch in
            batch.add(.subscribe, id: 1, topic: topic)
            batch.add(.credit, number: credit, id: 1)
        }
    }

    private func hint(_ router: MessageRouter<RecordedWire>, _ key: String, topic: String = "t", body: String = "") {
        router.receive(from: 99) { $0.add(.hint, topic: topic, key: key, body: body) }
        router.flush()
    }

    @Test func whatALostConsumerNeverGotGoesToAnother() {
        let router = router()
        consume(router, peer: 1, credit: 5)
        router.receive(from: 50) { $0.add(.command, number: 60_000, id: 7, topic: "t", key: "c", body: "do") }
        router.receive(from: 99) { $0.add(.hint, topic: "t", key: "h", body: "b") }
        wire.unreachable = [1]
        consume(router, peer: 2, credit: 5)
        router.flush()
        router.flush()
        #expect(wire.records(to: 2, .hint).map(\.key) == ["h"])
        #expect(wire.records(to: 2, .command).map(\.body) == ["do"])
        #expect(wire.records(to: 50, .refusal).isEmpty)
        #expect(router.snapshot().delivered == 2 && router.snapshot().consumerLost == 0)
    }

    @Test func aGreetingThatIsRepeatedOpensOneSession() {
        let router = router()
        router.receive(from: 1) { batch in
            batch.add(.hello)
            batch.add(.hello)
        }
        consume(router, peer: 1, credit: 3)
        router.flush()
        let welcomes = wire.records(to: 1, .welcome).map(\.id)
        #expect(welcomes.count == 2 && welcomes[0] == welcomes[1])
        #expect(router.snapshot().credit == 3)
        router.receive(from: 1) { $0.add(.hello) }
        router.flush()
        #expect(wire.records(to: 1, .welcome).last?.id != welcomes[0])
        #expect(router.snapshot().consumers == 0)
    }

    @Test func whatAClientSaidInAnotherSessionDoesNotCountInTheNext() {
        let router = router()
        consume(router, peer: 1, credit: 3)
        router.receive(from: 1) { $0.add(.heartbeat, id: 7) }
        router.flush()
        #expect(wire.records(to: 1, .welcome).count == 1 && router.snapshot().consumers == 0)
        consume(router, peer: 1, credit: 3)
        #expect(router.snapshot().credit == 3)
    }

    @Test func aConsumerThatDoesNotReadGetsNoMoreThanABatch() {
        let router = router()
        consume(router, peer: 1, credit: 1_000)
        wire.blocked = [1]
        let body = String(repeating: "x", count: 1_000)
        for number in 0..<200 { hint(router, "\(number)", body: body) }
        let waiting = router.snapshot().waiting["t"] ?? 0
        #expect(waiting > 100 && router.snapshot().delivered == 200 - waiting)
        wire.blocked = []
        router.flush()
        router.flush()
        #expect(wire.records(to: 1, .hint).count == 200 && router.bytesWaiting == 0)
    }

    @Test func silenceForThreeHeartbeatsIsNoticedUnlessTheBrokerItselfStoodStill() {
        let router = router()
        consume(router, peer: 1, credit: 5)
        router.now += .seconds(10)
        router.tick(hasStalled: true)
        #expect(router.snapshot().consumers == 1)
        router.now += .seconds(3)
        router.tick(hasStalled: false)
        #expect(router.snapshot().consumers == 1)
        router.now += .milliseconds(1)
        router.tick(hasStalled: false)
        #expect(router.snapshot().consumers == 0 && router.snapshot().silenced == 1 && router.snapshot().credit == 0)
    }

    @Test func commandsComeBeforeHintsAndTopicsTakeTurns() {
        let router = router()
        hint(router, "a1", topic: "a")
        hint(router, "a2", topic: "a")
        hint(router, "b1", topic: "b")
        router.receive(from: 1) { batch in
            batch.add(.subscribe, id: 1, topic: "a")
            batch.add(.subscribe, id: 1, topic: "b")
        }
        router.receive(from: 50) { $0.add(.command, number: 60_000, id: 7, topic: "a", key: "command") }
        router.receive(from: 1) { $0.add(.credit, number: 4, id: 1) }
        router.flush()
        let keys = wire.all(to: 1).filter { $0.kind == .hint || $0.kind == .command }.map(\.key)
        #expect(keys == ["b1", "command", "a1", "a2"])
    }

    @Test func bytesThatWaitAreBoundedAcrossTopics() {
        let router = router { $0.queueBytesMax = 1_000 }
        let body = String(repeating: "x", count: 299)
        for topic in ["a", "b", "c", "d", "e"] { hint(router, "k", topic: topic, body: body) }
        #expect(router.snapshot().dropped == 2 && router.bytesWaiting == 900)
        hint(router, "2", topic: "a", body: body)
        #expect(router.snapshot().dropped == 3 && router.bytesWaiting == 900)
        consume(router, peer: 1, topic: "f", credit: 0)
        router.receive(from: 50) { $0.add(.command, number: 60_000, id: 7, topic: "f", body: body) }
        router.flush()
        #expect(wire.records(to: 50, .refusal).map(\.code) == [.overloaded])
    }

    @Test func topicsAndPeersAreBounded() {
        let router = router {
            $0.topicsMax = 2
            $0.peersMax = 2
        }
        for topic in ["a", "b", "c"] { hint(router, "k", topic: topic) }
        #expect(router.snapshot().dropped == 1 && router.topics.count == 2)
        router.receive(from: 1) { $0.add(.ping, id: 1) }
        router.receive(from: 2) { $0.add(.ping, id: 1) }
        router.flush()
        #expect(wire.records(to: 1, .pong).count == 1)
        #expect(wire.records(to: 2, .refusal).map(\.code) == [.overloaded])
        #expect(router.snapshot().peers == 2)
    }

    @Test func aCommandWhoseTimeIsOverIsNotHandedOver() {
        let router = router()
        consume(router, peer: 1, credit: 0)
        router.receive(from: 50) { $0.add(.command, number: 500, id: 7, topic: "t") }
        router.now += .milliseconds(501)
        router.receive(from: 1) { $0.add(.credit, number: 1, id: 1) }
        router.flush()
        #expect(wire.records(to: 1, .command).isEmpty)
        #expect(wire.records(to: 50, .refusal).map(\.code) == [.timeout])
        #expect(router.snapshot().credit == 1 && router.snapshot().commands == 0 && router.bytesWaiting == 0)
    }

    @Test func commandsThatWaitLearnThatTheLastConsumerLeft() {
        let router = router()
        consume(router, peer: 1, credit: 0)
        router.receive(from: 50) { $0.add(.command, number: 60_000, id: 7, topic: "t", body: "body") }
        router.receive(from: 1) { $0.add(.goodbye) }
        router.flush()
        #expect(wire.records(to: 50, .refusal).map(\.code) == [.noConsumer])
        #expect(router.bytesWaiting == 0 && router.commands.isEmpty)
    }

    @Test func onlyTheHolderOfACommandCanAnswerIt() {
        let router = router()
        consume(router, peer: 1, credit: 1)
        router.receive(from: 50) { $0.add(.command, number: 60_000, id: 7, topic: "t") }
        router.flush()
        let id = wire.records(to: 1, .command).first?.id ?? 0
        router.receive(from: 2) { $0.add(.reply, id: id, body: "forged") }
        router.receive(from: 1) { $0.add(.reply, id: id, body: "true") }
        router.receive(from: 1) { $0.add(.reply, id: id, body: "again") }
        router.flush()
        #expect(wire.records(to: 50, .reply).map(\.body) == ["true"])
        #expect(router.snapshot().answersDropped == 2)
    }

    @Test func creditAndConsumersAreBounded() {
        let router = router {
            $0.creditMax = 10
            $0.consumersPerPeerMax = 1
            $0.topicsPerConsumerMax = 1
        }
        consume(router, peer: 1, credit: .max)
        #expect(router.snapshot().credit == 10)
        router.receive(from: 1) { batch in
            batch.add(.subscribe, id: 1, topic: "second topic")
            batch.add(.subscribe, id: 2, topic: "t")
            batch.add(.credit, number: 5, id: 2)
        }
        router.flush()
        #expect(wire.records(to: 1, .refusal).count == 2)
        #expect(router.snapshot().consumers == 1 && router.snapshot().credit == 10)
    }

    @Test func topicsWithNothingInThemAreForgotten() {
        let router = router()
        hint(router, "k", topic: "kept")
        consume(router, peer: 1, topic: "left", credit: 1)
        router.receive(from: 1) { $0.add(.unsubscribe, id: 1) }
        router.tick(hasStalled: false)
        #expect(router.topics.keys.map { String(decoding: $0, as: UTF8.self) } == ["kept"])
    }

    @Test func theFeedIsNumberedPerTopic() {
        let router = router()
        hint(router, "unobserved")
        wire.isObserved = true
        hint(router, "1")
        hint(router, "2")
        hint(router, "other", topic: "u")
        #expect(wire.observed.map(\.id) == [1, 2, 1] && wire.observed.map(\.key) == ["1", "2", "other"])
    }

    @Test func randomRecordsNeverBreakTheAccounts() {
        let router = router {
            $0.queueMessagesMax = 20
            $0.queueBytesMax = 500
            $0.commandsMax = 30
            $0.topicsMax = 6
            $0.peersMax = 12
        }
        var chance = RandomTraffic(state: 11)
        for _ in 0..<30_000 {
            wire.unreachable = chance.oneIn(200) ? [chance.peer()] : []
            wire.blocked = chance.oneIn(20) ? [chance.peer()] : []
            router.receive(from: chance.peer()) { chance.fill(&$0) }
            if chance.oneIn(3) { router.flush() }
            if chance.oneIn(50) {
                router.now += .milliseconds(400)
                router.tick(hasStalled: chance.oneIn(10))
            }
        }
        let snapshot = router.snapshot()
        let bytes = router.topics.values.reduce(0) { $0 + $1.hints.size }
        let commandBytes = router.commands.values.reduce(0) { $0 + ($1.holder == nil ? $1.size : 0) }
        #expect(router.bytesWaiting == bytes + commandBytes && router.bytesWaiting <= 500)
        #expect(snapshot.commands <= 30 && snapshot.peers <= 12 && router.topics.count <= 6)
        for (id, command) in router.commands {
            guard let holder = command.holder else { continue }
            #expect(router.peers[holder]?.heldCommands.contains(id) == true)
        }
        for topic in router.topics.values {
            #expect(topic.consumers.allSatisfy { !$0.peer.isForgotten })
        }
    }
}

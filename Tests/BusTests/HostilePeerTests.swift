import Bus
import Messaging
import Testing

@Suite("Peers that do not keep to the rules", .timeLimit(.minutes(10)))
struct HostilePeerTests {
    /// That clients are served as if nothing had happened.
    private func expectService(_ fixture: BrokerFixture) async throws {
        let client = try await fixture.client()
        let consumer = try await fixture.consumer(of: client, topics: ["service"], credit: 1)
        client.publish(topic: "service", key: "", body: [1])
        #expect(await consumer.take(1).count == 1)
        await client.close()
    }

    @Test func garbageOverTCPDisturbsNobody() async throws {
        try await BrokerFixture.with {
            $0.handshakeTimeout = .milliseconds(200)
        } _: { fixture in
            var generator = SystemRandomNumberGenerator()
            for _ in 0..<20 {
                let connection = try TCPConnection(port: fixture.port)
                connection.write((0..<2_000).map { _ in .random(in: 0...255, using: &generator) })
            }
            // Looks like ZMTP 3 at first: the signature, then garbage.
            let connection = try TCPConnection(port: fixture.port)
            connection.write([0xFF, 0, 0, 0, 0, 0, 0, 0, 1, 0x7F, 3] + [UInt8](repeating: 0xEE, count: 500))
            try await connection.readToEnd()
            try await expectService(fixture)
        }
    }

    @Test func anHTTPRequestDisturbsNobody() async throws {
        try await BrokerFixture.with {
            $0.handshakeTimeout = .milliseconds(200)
        } _: { fixture in
            let connection = try TCPConnection(port: fixture.port)
            connection.write(Array("GET / HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\n\r\n".utf8))
            // libzmq 4.3.4 hangs up once the time for the handshake is over; 4.3.5 keeps the connection and waits.
            try await expectService(fixture)
            withExtendedLifetime(connection) {}
        }
    }

    @Test func aClientThatSaysNothingIsHungUpOn() async throws {
        try await BrokerFixture.with {
            $0.handshakeTimeout = .milliseconds(50)
        } _: { fixture in
            let connection = try TCPConnection(port: fixture.port)
            try await connection.readToEnd()
            try await expectService(fixture)
        }
    }

    @Test func aFrameOfTenMegabytesEndsTheConnection() async throws {
        try await BrokerFixture.with { fixture in
            let peer = try fixture.rawPeer()
            try await peer.send([[UInt8](repeating: 0, count: 10 << 20)])
            try await peer.event { $0 == .disconnected }
            #expect(fixture.broker.statistics.received == 0)
            try await expectService(fixture)
        }
    }

    @Test func framesThatCannotBeReadAreAnsweredWithTheReason() async throws {
        try await BrokerFixture.with { fixture in
            let peer = try fixture.rawPeer()
            try await peer.send([Array("not a batch".utf8)])
            let notABatch = try await peer.receive(.refusal)
            #expect(notABatch.code == .malformed && notABatch.text.contains("WEIR"))
            try await peer.send([[]])
            #expect(try await peer.receive(.refusal).code == .malformed)
            try await peer.send([Array("two".utf8), Array("frames".utf8)])
            #expect(try await peer.receive(.refusal).text.contains("one frame"))
            var batch = BatchBuilder()
            batch.add(.ping, id: 1)
            var old = [UInt8](batch.bytes)
            old[4] = 0
            try await peer.send([old])
            let version = try await peer.receive(.refusal)
            #expect(version.code == .protocolVersion && version.text.contains("version 0"))
            var cut = [UInt8](batch.bytes)
            cut.removeLast()
            try await peer.send([cut])
            #expect(try await peer.receive(.refusal).code == .malformed)
            #expect(fixture.broker.statistics.malformed == 5)
            try await expectService(fixture)
        }
    }

    @Test func anUnknownKindOfRecordIsPassedOver() async throws {
        try await BrokerFixture.with { fixture in
            let peer = try fixture.rawPeer()
            var batch = BatchBuilder()
            batch.add(.ping, id: 1)
            batch.add(.ping, id: 2)
            var bytes = [UInt8](batch.bytes)
            bytes[BatchFormat.headerBytes] = 200
            try await peer.send([bytes])
            #expect(try await peer.receive(.pong).id == 2)
        }
    }

    @Test(arguments: ["", "nul\0"])
    func aTopicThatIsNoneIsRefused(topic: String) async throws {
        try await BrokerFixture.with { fixture in
            let peer = try fixture.rawPeer()
            try await peer.send { $0.add(.hint, topic: topic, key: "k") }
            #expect(try await peer.receive(.refusal).id == 0)
            try await peer.send { $0.add(.command, number: 1_000, id: 9, topic: topic, key: "k") }
            #expect(try await peer.receive(.refusal).id == 9)
        }
    }

    @Test func routingIDsThatPeersChooseThemselvesAreRefusedEvenTwice() async throws {
        try await BrokerFixture.with { fixture in
            let first = try fixture.rawPeer(routingID: "same")
            try await first.send { $0.add(.ping, id: 1) }
            #expect(try await first.receive(.refusal).text.contains("routing id"))
            let second = try fixture.rawPeer(routingID: "same")
            try await second.send { $0.add(.ping, id: 1) }
            try await first.send { $0.add(.ping, id: 2) }
            #expect(try await first.receive(.refusal).text.contains("routing id"))
            #expect(fixture.broker.statistics.peers == 0)
            try await expectService(fixture)
        }
    }

    @Test func clientsOfTheSameNameAreBothServed() async throws {
        try await BrokerFixture.with { fixture in
            let first = try await fixture.client { $0.name = "twin" }
            let second = try await fixture.client { $0.name = "twin" }
            let consumers = [
                try await fixture.consumer(of: first, topics: ["t"], credit: 1),
                try await fixture.consumer(of: second, topics: ["t"], credit: 1),
            ]
            for key in ["1", "2"] { first.publish(topic: "t", key: key, body: []) }
            #expect(await consumers[0].take(1).count == 1)
            #expect(await consumers[1].take(1).count == 1)
            await first.close()
            await second.close()
        }
    }

    @Test func aPeerThatReadsNothingIsBoundedAndHoldsUpNobody() async throws {
        try await BrokerFixture.with { fixture in
            let deaf = try fixture.rawPeer { $0.receiveHighWaterMark = 1 }
            // Each ping is answered, and nobody reads the answers.
            var batch = BatchBuilder()
            for id in 0..<2_000 { batch.add(.ping, id: UInt64(id)) }
            let bytes = [UInt8](batch.bytes)
            for _ in 0..<200 { try await deaf.send([bytes]) }
            try await expectService(fixture)
        }
    }
}

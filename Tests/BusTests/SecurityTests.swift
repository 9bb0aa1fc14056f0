import Messaging
import Testing

@testable import Bus

@Suite("CURVE and ZAP", .timeLimit(.minutes(10)))
struct SecurityTests {
    private let server: CurveKeyPair
    private let known: CurveKeyPair
    private let serverKeys: CurveServerKeys

    init() throws {
        server = try CurveKeyPair.generate()
        known = try CurveKeyPair.generate()
        serverKeys = try CurveServerKeys(keys: server, authorized: [known.publicKey: "known"])
    }

    /// That a client gets no answer; broker statistics tell why.
    private func expectNoEntry(
        _ fixture: BrokerFixture, keys: CurveClientKeys?, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let before = fixture.broker.statistics.handshakesFailed
        let client = try fixture.unconnectedClient { $0.curve = keys }
        client.publish(topic: "t", key: "", body: [])
        try await eventually("the handshake fails", sourceLocation: sourceLocation) {
            fixture.broker.statistics.handshakesFailed > before
        }
        #expect(client.statistics.connectedEndpoints == 0, sourceLocation: sourceLocation)
        #expect(fixture.broker.statistics.peers == 0, sourceLocation: sourceLocation)
        await client.close()
    }

    @Test func aKnownKeyGetsInAndObserves() async throws {
        try await BrokerFixture.with {
            $0.curve = serverKeys
        } _: { fixture in
            let keys = try CurveClientKeys(keys: known, serverPublicKey: server.publicKey)
            let client = try await fixture.client { $0.curve = keys }
            let consumer = try await fixture.consumer(of: client, topics: ["t"], credit: 1)
            client.publish(topic: "t", key: "k", body: [1])
            #expect(await consumer.take(1).map(\.key) == ["k"])
            await client.close()
        }
    }

    @Test func anUnknownKeyDoesNotGetIn() async throws {
        try await BrokerFixture.with {
            $0.curve = serverKeys
        } _: { fixture in
            let stranger = try CurveKeyPair.generate()
            try await expectNoEntry(
                fixture, keys: CurveClientKeys(keys: stranger, serverPublicKey: server.publicKey))
            #expect(fixture.broker.statistics.keysRefused > 0)
        }
    }

    @Test func theNullMechanismDoesNotGetIn() async throws {
        try await BrokerFixture.with {
            $0.curve = serverKeys
        } _: { fixture in
            try await expectNoEntry(fixture, keys: nil)
        }
    }

    @Test func aClientDoesNotTalkToABrokerWithAnotherKey() async throws {
        try await BrokerFixture.with {
            $0.curve = serverKeys
        } _: { fixture in
            let other = try CurveKeyPair.generate()
            try await expectNoEntry(fixture, keys: CurveClientKeys(keys: known, serverPublicKey: other.publicKey))
        }
    }

    @Test func withoutTheAuthenticatorNobodyGetsIn() async throws {
        var configuration = BusBrokerConfiguration(endpoint: "tcp://127.0.0.1:*")
        configuration.curve = serverKeys
        configuration.handshakeTimeout = .milliseconds(200)
        let sockets = try BrokerSockets(configuration: configuration, authenticates: false)
        let keys = try CurveClientKeys(keys: known, serverPublicKey: server.publicKey)
        let peer = try RawPeer(endpoint: sockets.endpoint.description, routingID: nil) {
            $0.security = .curveClient(keys)
        }
        try await peer.event {
            if case .handshakeFailed = $0 { true } else { $0 == .disconnected || $0 == .connected }
        }
        let frame = FrameBuffer()
        #expect(sockets.router.receive(into: frame) == .wouldBlock)
        var wasLetIn = false
        while let event = sockets.monitor.next() { wasLetIn = wasLetIn || event == .connected }
        #expect(!wasLetIn)
    }

    @Test(arguments: ["tcp://0.0.0.0:*", "tcp://*:*", "tcp://[::]:*"])
    func withoutKeysOnlyLocalAddressesAreBound(endpoint: String) throws {
        for configuration in [
            BusBrokerConfiguration(endpoint: endpoint),
            BusBrokerConfiguration(endpoint: "tcp://127.0.0.1:*", eventsEndpoint: endpoint),
        ] {
            let error = #expect(throws: MessagingError.self) {
                try BusBroker(configuration: configuration, logger: silent)
            }
            #expect(error?.code == .insecureBind && error?.endpoint == endpoint)
        }
    }

    @Test func withKeysAnyAddressIsBound() throws {
        var configuration = BusBrokerConfiguration(endpoint: "tcp://0.0.0.0:*")
        configuration.curve = serverKeys
        #expect(throws: Never.self) { try BusBroker(configuration: configuration, logger: silent) }
    }

    @Test func anAddressInUseIsNamed() async throws {
        try await BrokerFixture.with { fixture in
            let error = #expect(throws: MessagingError.self) {
                try BusBroker(
                    configuration: BusBrokerConfiguration(endpoint: fixture.broker.endpoint), logger: silent)
            }
            #expect(error?.endpoint == fixture.broker.endpoint)
        }
    }
}

import Synchronization
import Testing

@testable import Outbound

/// What a hostile name server can try. 127.0.0.1 is allowed here and stands for the public internet; 127.0.0.2 is not, and stands for
/// the inside.
@Suite("Names")
struct NameTests {
    private static let name = "api.weir-test.example"

    /// Answers of a name server, one after the other, the last one for ever.
    private final class NameServer: Sendable {
        private let answers: Mutex<[[String]]>

        init(_ answers: [[String]]) {
            self.answers = Mutex(answers)
        }

        func resolve(_ host: String) -> [String]? {
            guard host == name else { return nil }
            return answers.withLock { $0.count > 1 ? $0.removeFirst() : $0.first }
        }
    }

    /// Lends a client whose name server gives these answers, a server outside and one inside, which must not be reached. The one inside
    /// has the port of the one outside, so that the address alone tells them apart.
    private func withAnswers(
        _ answers: [String]..., body: (OutboundClient, TestServer) async throws -> Void
    ) async throws {
        let nameServer = NameServer(answers)
        let (outside, inside) = try await Self.servers()
        do {
            try await withClient(
                allowedNetworks: ["127.0.0.1", "127.0.0.3"], configure: { $0.resolve = nameServer.resolve }
            ) { client in
                try await body(client, outside)
            }
            #expect(inside.connectionsAccepted == 0)
        } catch {
            await outside.stop()
            await inside.stop()
            throw error
        }
        await outside.stop()
        await inside.stop()
    }

    /// The one outside and the one inside.
    private static func servers() async throws -> (TestServer, TestServer) {
        // A port that is free at one address may be taken at the other.
        for _ in 0..<100 {
            let outside = try TestServer { connection in
                _ = connection.readRequest()
                connection.answer("outside", headers: ["Connection: close"])
            }
            if let inside = try? TestServer(
                address: "127.0.0.2", port: outside.port, script: { $0.answerAll("inside") })
            {
                return (outside, inside)
            }
            await outside.stop()
        }
        throw CancellationError()
    }

    @Test(arguments: [
        ["127.0.0.2", "127.0.0.1"], ["127.0.0.1", "127.0.0.2"], ["::1", "127.0.0.2", "127.0.0.1"],
        ["169.254.169.254", "10.0.0.1", "127.0.0.1"],
    ])
    func nameOfAPublicAndAPrivateAddressLeadsToThePublicOneOnly(addresses: [String]) async throws {
        try await withAnswers(addresses) { client, outside in
            for _ in 0..<3 {
                let response = try await client.send(OutboundRequest(url: outside.url(host: Self.name)))
                #expect(text(response.body) == "outside")
                #expect(response.remoteAddress == "127.0.0.1")
            }
        }
    }

    @Test func nameOfManyPrivateAddressesHoldsNobodyUp() async throws {
        let addresses = (1...9).map { "10.0.0.\($0)" } + ["fd00::1", "::1", "fe80::1"]
        let hasBegun = AsyncSignal()
        let resolve: @Sendable (String) -> [String]? = { host in
            guard host == Self.name else { return nil }
            hasBegun.fire()
            return addresses
        }
        try await withServer(configure: {
            $0.allowedNetworks = ["127.0.0.1"]
            $0.connectionsMax = 1
            $0.resolve = resolve
        }) {
            $0.answerAll("next")
        } _: { client, server in
            async let refused = failure(
                of: client, OutboundRequest(url: server.url(host: Self.name), connectTimeout: .seconds(600)))
            await hasBegun.wait()
            // It waits for the only place, which would be taken for most of the 30 seconds that an exchange has if libcurl gave each
            // refused address its share of them.
            let response = try await client.send(OutboundRequest(url: server.url(), timeout: .seconds(10)))
            #expect(text(response.body) == "next")
            let error = try await refused
            #expect(error.code == .addressRefused)
            await client.close()
            #expect(client.statistics.addressesRefused == addresses.count)
        }
    }

    @Test func privateAddressIsNoWayOutWhenThePublicOneIsDead() async throws {
        // Nobody listens at 127.0.0.3.
        try await withAnswers(["127.0.0.3", "127.0.0.2"]) { client, outside in
            let error = try await failure(of: client, OutboundRequest(url: outside.url(host: Self.name)))
            #expect(error.code == .connect)
            await client.close()
            #expect(client.statistics.addressesRefused == 1)
        }
    }

    @Test func nameThatMovesInsideIsRefusedThoughItWasPublicBefore() async throws {
        try await withAnswers(["127.0.0.1"], ["127.0.0.1"], ["127.0.0.2"], ["127.0.0.1"]) { client, outside in
            let request = OutboundRequest(url: outside.url(host: Self.name))
            for _ in 0..<2 {
                let response = try await client.send(request)
                #expect(text(response.body) == "outside")
            }
            let error = try await failure(of: client, request)
            #expect(error.code == .addressRefused)
            #expect(
                error.message == "\(Self.name):\(outside.port): 127.0.0.2 is not an address to connect to (loopback)")
            #expect(!error.mayHaveBeenSent)
            // What was refused is not remembered as the host's nature.
            let response = try await client.send(request)
            #expect(text(response.body) == "outside")
        }
    }

    @Test(arguments: [
        "127.0.0.1", "0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "169.254.169.254", "168.63.129.16", "192.0.0.8",
        "198.18.0.1", "240.0.0.1", "255.255.255.255", "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1",
        "::ffff:169.254.169.254", "::ffff:0:127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::7f00:1", "2001:0:7f00:1::",
        "2002:7f00:1::", "fc00::1", "fd00:ec2::254", "fe80::1", "fec0::1", "ff02::1",
    ])
    func internalAddressIsRefusedWhateverItsNameIs(address: String) async throws {
        try await withClient(allowedNetworks: [], configure: { $0.resolve = { _ in [address] } }) { client in
            let error = try await failure(of: client, OutboundRequest(url: "http://\(Self.name):8080/"))
            #expect(error.code == .addressRefused)
            #expect(error.message.hasPrefix("\(Self.name):8080: "))
            await client.close()
            #expect(client.statistics.connectionsOpened == 0)
            #expect(client.statistics.addressesRefused == 1)
        }
    }
}

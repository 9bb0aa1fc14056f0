import Outbound
import Testing

@Suite("Refusals")
struct RefusalTests {
    @Test(arguments: [
        "127.0.0.1", "localhost", "2130706433", "0x7f000001", "017700000001", "127.1", "0177.0.0.1", "0x7f.1",
        "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:0:0:1]", "0.0.0.0", "[::]", "0",
        "000177.0.0.1", "0x7F.0.0.0x1", "127.0.1", "LOCALHOST",
    ])
    func loopbackIsRefusedInEverySpelling(host: String) async throws {
        let script: TestServer.Script = { $0.answerAll("inside") }
        try await withServer(allowedNetworks: [], script: script) { client, server in
            let error = try await failure(of: client, OutboundRequest(url: server.url("/?key=s3cret", host: host)))
            #expect(error.code == .addressRefused)
            #expect(!error.isRetryable)
            #expect(!error.mayHaveBeenSent)
            #expect(error.message.contains(host))
            #expect(!error.message.contains("s3cret"))
            #expect(server.connectionsAccepted == 0)
            #expect(client.statistics.connectionsOpened == 0)
        }
    }

    /// Whether libcurl reads these as addresses depends on the process's locale.
    @Test(arguments: ["１２７.０.０.１", "127。0。0。1", "①②⑦.0.0.1", "127.0.0.1.", "localhost."])
    func spellingThatOnlyAnInternationalNameReadsLeadsNowhere(host: String) async throws {
        try await withServer(allowedNetworks: [], script: { $0.answerAll("inside") }) { client, server in
            let error = try await failure(of: client, OutboundRequest(url: server.url(host: host)))
            #expect([.addressRefused, .invalidURL, .nameResolution].contains(error.code))
            #expect(server.connectionsAccepted == 0)
            #expect(client.statistics.connectionsOpened == 0)
        }
    }

    @Test(arguments: ["127.0.0.1", "localhost", "2130706433", "0x7f000001", "017700000001", "[::ffff:127.0.0.1]"])
    func ownPortIsRefusedOnAnAllowedNetwork(host: String) async throws {
        let script: TestServer.Script = { $0.answerAll("Weir's own") }
        let own = try TestServer(script: script)
        let networks = ["127.0.0.0/8", "::1/128"]
        try await withServer(allowedNetworks: networks, configure: { $0.ownPorts = [Int(own.port)] }, script: script) {
            client, server in
            let error = try await failure(of: client, OutboundRequest(url: own.url(host: host)))
            #expect(error.code == .addressRefused)
            #expect(error.message.contains("port \(own.port) belongs to Weir itself"))
            #expect(own.connectionsAccepted == 0)
            let response = try await client.send(OutboundRequest(url: server.url(host: host)))
            #expect(response.status == 200)
        }
        // An entry that names the port means just this one.
        try await withClient(
            allowedNetworks: ["127.0.0.1:\(own.port)"], configure: { $0.ownPorts = [Int(own.port)] }
        ) { client in
            let response = try await client.send(OutboundRequest(url: own.url(host: "127.0.0.1")))
            #expect(response.status == 200)
            let error = try await failure(of: client, OutboundRequest(url: "http://127.0.0.1:1/"))
            #expect(error.code == .addressRefused)
        }
        await own.stop()
    }

    @Test(arguments: ["127.0.0.1", "localhost", "2130706433", "0x7f000001", "017700000001", "[::ffff:127.0.0.1]"])
    func allowListLetsLoopbackThrough(host: String) async throws {
        try await withServer(allowedNetworks: ["127.0.0.0/8"]) {
            $0.answerAll("inside")
        } _: { client, server in
            let response = try await client.send(OutboundRequest(url: server.url(host: host)))
            #expect(text(response.body) == "inside")
        }
    }

    @Test func allowListLetsIPv6LoopbackThrough() async throws {
        let server = try TestServer(ipv6: true) { $0.answerAll("inside") }
        try await withClient(allowedNetworks: ["::1/128"]) { client in
            let response = try await client.send(OutboundRequest(url: server.url(host: "[::1]")))
            #expect(response.remoteAddress == "::1")
        }
        await server.stop()
    }

    @Test(arguments: [
        "169.254.169.254", "168.63.129.16", "10.0.0.1", "192.168.1.1", "100.64.0.1", "[fe80::1]", "[fd00:ec2::254]",
        "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[2001:0:7f00:1::]", "224.0.0.1", "255.255.255.255",
        "0.0.0.1", "192.0.0.1", "198.18.0.1", "240.0.0.1", "[::7f00:1]", "[::a9fe:a9fe]", "[::ffff:a9fe:a9fe]",
        "[::ffff:168.63.129.16]", "[64:ff9b:1::a9fe:a9fe]", "[fec0::1]", "[fc00::1]", "[ff02::1]",
        "2852039166", "0xa9fea9fe", "0251.0376.0251.0376", "169.16689662", "0xa83f8110", "0250.077.0201.020",
    ])
    func internalAddressIsRefusedBeforeAnyPacket(host: String) async throws {
        try await withClient(allowedNetworks: []) { client in
            let error = try await failure(of: client, OutboundRequest(url: "http://\(host)/latest/meta-data/"))
            #expect(error.code == .addressRefused)
            #expect(client.statistics.connectionsOpened == 0)
        }
    }

    @Test(arguments: [
        "http://user:pass@127.0.0.1/", "http://user@127.0.0.1/", "http://example.com@127.0.0.1/",
        "http://[fe80::1%25eth0]/",
        "http://127.0.0.1%2f/", "http:///etc/passwd", "http://", "http://:80/", "file:///etc/passwd",
        "ftp://127.0.0.1/", "gopher://127.0.0.1/",
        "127.0.0.1", "", "http://127.0.0.1:99999/", "http://127.0.0.1:x/", "http://[::1/",
        "http://127.0.0.1\\@example.com/",
        "http://127.0.0.1/\r\nX-Injected: 1", "http://127.0.0.1/a b", "http://127.0.0.1/\0", "http://127.0.0.1/ü",
        "HTTP\u{1A}//127.0.0.1/",
        "javascript:alert(1)", "http:/127.0.0.1/", "//127.0.0.1/",
    ])
    func unusableURLIsRefused(url: String) async throws {
        try await withClient { client in
            let error = try await failure(of: client, OutboundRequest(url: url))
            #expect(error.code == .invalidURL)
            #expect(!error.isRetryable)
            #expect(!error.message.contains("pass"))
            #expect(client.statistics.connectionsOpened == 0)
        }
    }

    @Test func overlongURLIsRefused() async throws {
        try await withClient { client in
            let url = "http://127.0.0.1/" + String(repeating: "a", count: 20_000)
            let error = try await failure(of: client, OutboundRequest(url: url))
            #expect(error.code == .invalidURL)
        }
    }

    @Test(arguments: [
        ("X-A", "b\r\nX-Injected: 1"), ("X-A", "b\nX-Injected: 1"), ("X-A", "b\0"), ("X-A\r\nX-Injected", "1"),
        ("", "1"),
        ("X A", "1"), ("X-A:", "1"), ("X-A;", "1"), ("Content-Length", "5"), ("transfer-encoding", "chunked"),
        ("Connection", "close"),
        ("Ex\u{0}pect", "1"), ("X-Ü", "1"), ("X-A", "\u{7F}"),
    ])
    func headerThatCannotBeSentIsRefused(name: String, value: String) async throws {
        try await withServer {
            $0.answerAll("")
        } _: { client, server in
            let error = try await failure(of: client, OutboundRequest(url: server.url(), headers: [(name, value)]))
            #expect(error.code == .invalidHeader)
            #expect(!error.isRetryable)
            #expect(server.connectionsAccepted == 0)
        }
    }

    @Test func headersBeyondTheirBoundsAreRefused() async throws {
        try await withClient { client in
            let many = (0..<300).map { (name: "X-\($0)", value: "1") }
            let long = [(name: "X", value: String(repeating: "a", count: 70_000))]
            for headers in [many, long] {
                let error = try await failure(of: client, OutboundRequest(url: "http://127.0.0.1/", headers: headers))
                #expect(error.code == .invalidHeader)
            }
        }
    }

    @Test(arguments: ["GET /x HTTP/1.1\r\nX: y\r\n\r\nPOST", "", "G T", "CONNECT", "trace", "G\0"])
    func unusableMethodIsRefused(method: String) async throws {
        try await withClient { client in
            let error = try await failure(of: client, OutboundRequest(method: method, url: "http://127.0.0.1/"))
            #expect(error.code == .invalidMethod)
        }
    }

    @Test(arguments: [
        "127.0.0.1/8", "10.0.0.0/33", "10.0.0.0/", "10.0.0/8", "::1/129", "localhost", "", "10.0.0.0/+8",
        "10.0.0.0/8/8", "10.0.0.1:", "10.0.0.1:0", "10.0.0.1:65536", "10.0.0.1:+80", ":80", "[::1]", "[::1]:",
        "[::1]80",
        "[10.0.0.1:80", "localhost:80", "10.0.0.1:80:80", "10.0.0.1:80/8",
    ])
    func malformedNetworkIsRefused(network: String) {
        #expect(throws: OutboundError.self) { try AddressGuard(allowedNetworks: [network]) }
    }
}

import Outbound
import Testing

/// Servers that go on for ever, hardly go on, or stop where they should not.
@Suite("Hostile servers")
struct HostileServerTests {
    private static let endings: [String: String] = [
        "header": "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Half: a",
        "length": "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"half\":",
        "chunk": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n{\"half\":\r\n5\r\nab",
        "gzip": "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n\u{1F}",
    ]

    @Test(arguments: endings.keys.sorted())
    func resetInTheMiddleIsNoAnswer(place: String) async throws {
        let text = Self.endings[place, default: ""]
        try await withServer { connection in
            _ = connection.readRequest()
            connection.write(text)
            connection.resetOnClose()
        } _: { client, server in
            let error = try await failure(of: client, OutboundRequest(url: server.url()))
            #expect(error.code == .network)
            #expect(error.isRetryable)
            #expect(error.mayHaveBeenSent)
        }
    }

    @Test func tenThousandFieldsAreRefused() async throws {
        try await withServer { connection in
            _ = connection.readRequest()
            // Short enough for the bound of bytes: it is the number that is refused.
            connection.write("HTTP/1.1 200 OK\r\n" + String(repeating: "a:\r\n", count: 10_000) + "\r\n")
            connection.waitForClose()
        } _: { client, server in
            let error = try await failure(of: client, OutboundRequest(url: server.url()))
            #expect(error.code == .headersTooLarge)
            #expect(error.message.contains("256 fields"))
        }
    }

    @Test(arguments: ["interim answers", "trailers", "fields", "folded lines"])
    func headerWithoutEndIsRefused(kind: String) async throws {
        try await withServer { connection in
            _ = connection.readRequest()
            let (opening, piece) =
                switch kind {
                case "interim answers": ("", "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")
                case "trailers":
                    ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n", "X-After: 1\r\n")
                case "fields": ("HTTP/1.1 200 OK\r\n", "X-More: 1\r\n")
                default: ("HTTP/1.1 200 OK\r\nX-Folded: 1\r\n", "  and more\r\n")
                }
            connection.write(opening)
            while connection.write(piece) {}
        } _: { client, server in
            let error = try await failure(of: client, OutboundRequest(url: server.url()))
            #expect(error.code == .headersTooLarge)
            #expect(!error.isRetryable)
        }
    }

    @Test func bodyWithoutEndIsCutAtTheBound() async throws {
        try await withServer { connection in
            _ = connection.readRequest()
            connection.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            while connection.write("1\r\nx\r\n") {}
        } _: { client, server in
            let error = try await failure(of: client, OutboundRequest(url: server.url(), responseBytesMax: 10_000))
            #expect(error.code == .bodyTooLarge)
        }
    }

    @Test(arguments: ["status", "header", "body", "chunk extension"])
    func oneByteASecondEndsAtTheTimeout(place: String) async throws {
        let whole = "HTTP/1.1 200 OK\r\nX-Slow: \(String(repeating: "a", count: 1000))\r\n"
        try await withServer { connection in
            _ = connection.readRequest()
            switch place {
            case "status": connection.write("HT")
            case "header": connection.write("HTTP/1.1 200 OK\r\n")
            case "body": connection.write("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
            default: connection.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;")
            }
            for byte in whole.utf8.dropFirst(place == "status" ? 2 : place == "header" ? 17 : 100) {
                guard connection.write([byte]), !connection.waitForClose(milliseconds: 1000) else { return }
            }
        } _: { client, server in
            let error = try await failure(of: client, OutboundRequest(url: server.url(), timeout: .milliseconds(1500)))
            #expect(error.code == .timeout)
            #expect(error.isRetryable)
        }
    }

    @Test func slowServersDoNotHoldUpTheOthers() async throws {
        let slow = try TestServer { connection in
            _ = connection.readRequest()
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
            while connection.write("x"), !connection.waitForClose(milliseconds: 100) {}
        }
        try await withServer {
            $0.answerAll("quick")
        } _: { client, server in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<50 {
                    group.addTask {
                        let error = try await failure(of: client, OutboundRequest(url: slow.url()))
                        #expect(error.code == .closed)
                    }
                }
                for _ in 0..<50 {
                    let response = try await client.send(OutboundRequest(url: server.url()))
                    #expect(text(response.body) == "quick")
                }
                // The slow ones are still under way: none of them was waited for.
                await client.close()
                try await group.waitForAll()
            }
        }
        await slow.stop()
    }

    @Test(arguments: ["http://127.0.0.2/", "http://169.254.169.254/latest/meta-data/", "http://[::1]/", "//127.0.0.2/"])
    func redirectInsideLeadsNowhere(location: String) async throws {
        let inside = try TestServer(address: "127.0.0.2") { $0.answerAll("inside") }
        let target = location.replacing("127.0.0.2", with: "127.0.0.2:\(inside.port)")
        try await withServer(allowedNetworks: ["127.0.0.1"]) { connection in
            while connection.readRequest() != nil {
                connection.answer("", status: "307 Temporary Redirect", headers: ["Location: \(target)"])
            }
        } _: { client, server in
            let response = try await client.send(OutboundRequest(url: server.url()))
            #expect(response.status == 307)
            #expect(client.statistics.connectionsOpened == 1)
            // Whoever follows it by hand is refused, too: pages of an answer name addresses as well.
            guard target.hasPrefix("http:") else { return }
            let error = try await failure(of: client, OutboundRequest(url: target))
            #expect(error.code == .addressRefused)
        }
        #expect(inside.connectionsAccepted == 0)
        await inside.stop()
    }
}

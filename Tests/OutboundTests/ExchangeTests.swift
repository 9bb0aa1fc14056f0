import Glibc
import Outbound
import Synchronization
import Testing

@Suite("Exchanges")
struct ExchangeTests {
    @Test func answerComesWithStatusHeadersAndBody() async throws {
        try await withServer { connection in
            _ = connection.readRequest()
            connection.answer(
                #"{"name":"Österreich"}"#, headers: ["Content-Type: application/json", "X-Twice: a", "x-twice: b"])
        } _: { client, server in
            let response = try await client.send(OutboundRequest(url: server.url("/v1/at?secret=1")))
            #expect(response.status == 200)
            #expect(text(response.body) == #"{"name":"Österreich"}"#)
            #expect(response.header("content-type") == "application/json")
            #expect(response.header("absent") == nil)
            #expect(response.headers.filter { $0.name.lowercased() == "x-twice" }.map(\.value) == ["a", "b"])
            #expect(response.remoteAddress == "127.0.0.1")
            #expect(response.bytesReceived == response.body.count)
            #expect(response.duration > .zero)
        }
    }

    @Test func requestArrivesAsGiven() async throws {
        let received = Mutex<[ReceivedRequest]>([])
        try await withServer { connection in
            while let request = connection.readRequest() {
                received.withLock { $0.append(request) }
                connection.answer("")
            }
        } _: { client, server in
            let headers = [
                ("Authorization", "Bearer t"), ("X-Empty", ""), ("X-Utf8", "ü"), ("Content-Type", "application/json"),
            ]
            let body = Array(#"{"a":1}"#.utf8)
            _ = try await client.send(
                OutboundRequest(method: "POST", url: server.url("/a/../b?q=%20#f"), headers: headers, body: body))
            _ = try await client.send(OutboundRequest(url: server.url("/get")))
            _ = try await client.send(OutboundRequest(method: "PUT", url: server.url("/put")))
            _ = try await client.send(OutboundRequest(method: "DELETE", url: server.url("/delete")))
            _ = try await client.send(
                OutboundRequest(method: "PATCH", url: server.url("/patch"), body: [0, 13, 10, 255]))
            let head = try await client.send(OutboundRequest(method: "HEAD", url: server.url("/head")))
            #expect(head.body.isEmpty)

            let all = received.withLock { $0 }
            #expect(
                all.map(\.line) == [
                    "POST /a/../b?q=%20 HTTP/1.1", "GET /get HTTP/1.1", "PUT /put HTTP/1.1", "DELETE /delete HTTP/1.1",
                    "PATCH /patch HTTP/1.1", "HEAD /head HTTP/1.1",
                ])
            #expect(all[0].body == body)
            #expect(all[0].header("Authorization") == "Bearer t")
            #expect(all[0].headers.contains("X-Empty:"))
            #expect(all[0].header("X-Utf8") == "ü")
            #expect(
                all[0].headers.filter { $0.lowercased().hasPrefix("content-type:") } == [
                    "Content-Type: application/json"
                ])
            #expect(all[0].header("Content-Length") == "7")
            // Nothing of one exchange is left for the next on the same handle.
            for request in all.dropFirst() {
                #expect(request.header("Authorization") == nil)
                #expect(request.header("Content-Type") == nil)
                #expect(request.header("Expect") == nil)
                #expect(request.header("Cookie") == nil)
            }
            #expect(all[1].header("Content-Length") == nil)
            #expect(all[1].header("User-Agent") == "weir")
            #expect(all[2].header("Content-Length") == "0")
            #expect(all[3].header("Content-Length") == nil)
            #expect(all[4].body == [0, 13, 10, 255])
        }
    }

    @Test func sequentialRequestsShareOneConnection() async throws {
        try await withServer {
            $0.answerAll("ok")
        } _: { client, server in
            for _ in 0..<200 {
                let response = try await client.send(OutboundRequest(url: server.url()))
                #expect(response.status == 200)
            }
            #expect(server.connectionsAccepted == 1)
        }
    }

    @Test func largeBodyGoesOutAndComesBackWhole() async throws {
        let body = (0..<(8 << 20)).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        try await withServer { connection in
            while let request = connection.readRequest() { connection.answer(request.body) }
        } _: { client, server in
            let response = try await client.send(OutboundRequest(method: "POST", url: server.url(), body: body))
            #expect(response.body == body)
        }
    }

    @Test func chunkedBodyWithTrailerAndInterimAnswerIsReadWhole() async throws {
        try await withServer { connection in
            _ = connection.readRequest()
            connection.write("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")
            connection.write("HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\nTrailer: X-After\r\n\r\n")
            connection.write("3\r\nabc\r\n2\r\nde\r\n0\r\nX-After: 1\r\n\r\n")
            connection.waitForClose()
        } _: { client, server in
            let response = try await client.send(OutboundRequest(url: server.url()))
            #expect(response.status == 201)
            #expect(text(response.body) == "abcde")
            #expect(response.header("Link") == nil)
            #expect(response.header("X-After") == nil)
        }
    }

    @Test func redirectIsReturnedAndNotFollowed() async throws {
        let requests = Atomic(0)
        try await withServer { connection in
            while connection.readRequest() != nil {
                requests.add(1, ordering: .relaxed)
                connection.answer("", status: "302 Found", headers: ["Location: http://169.254.169.254/latest"])
            }
        } _: { client, server in
            let response = try await client.send(OutboundRequest(url: server.url()))
            #expect(response.status == 302)
            #expect(response.header("Location") == "http://169.254.169.254/latest")
            #expect(requests.load(ordering: .relaxed) == 1)
        }
    }

    @Test func errorStatusIsAnAnswer() async throws {
        try await withServer { connection in
            _ = connection.readRequest()
            connection.answer("busy", status: "503 Service Unavailable", headers: ["Retry-After: 7"])
        } _: { client, server in
            let response = try await client.send(OutboundRequest(url: server.url()))
            #expect(response.status == 503)
            #expect(response.header("retry-after") == "7")
            #expect(text(response.body) == "busy")
        }
    }

    @Test func compressedBodyIsExpanded() async throws {
        let content = Array(repeating: Array("weir ".utf8), count: 1000).flatMap { $0 }
        let compressed = Gzip.stored(content)
        try await withServer { connection in
            let request = connection.readRequest()
            guard request?.header("Accept-Encoding")?.contains("gzip") == true else { return }
            connection.answer(compressed, headers: ["Content-Encoding: gzip"])
        } _: { client, server in
            let response = try await client.send(OutboundRequest(url: server.url()))
            #expect(response.body == content)
            #expect(response.bytesReceived == compressed.count)
        }
    }

    @Test func proxyOfTheEnvironmentIsNotUsed() async throws {
        // In a process of its own, because the environment is every test's.
        await #expect(processExitsWith: .success) {
            // Nothing listens there: a client that took it up could not answer.
            setenv("http_proxy", "http://127.0.0.1:1", 1)
            setenv("all_proxy", "http://127.0.0.1:1", 1)
            try await withServer {
                $0.answerAll("direct")
            } _: { client, server in
                let response = try await client.send(OutboundRequest(url: server.url()))
                #expect(text(response.body) == "direct")
            }
        }
    }
}

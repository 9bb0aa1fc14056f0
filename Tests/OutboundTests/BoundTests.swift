import Logging
import Outbound
import Synchronization
import Testing

@Suite("Bounds")
struct BoundTests {
    @Test func announcedBodyBeyondTheBoundIsRefusedAtOnce() async throws {
        let written = Mutex(0)
        try await withServer { connection in
            _ = connection.readRequest()
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: \(300 << 20)\r\n\r\n")
            let piece = [UInt8](repeating: 0x20, count: 1 << 20)
            for _ in 0..<300 { guard connection.write(piece) else { break } }
            written.withLock { $0 = connection.bytesWritten }
        } _: { client, server in
            let error = try await failure(of: client, OutboundRequest(url: server.url("/?key=s3cret")))
            #expect(error.code == .bodyTooLarge)
            #expect(error.message.contains("127.0.0.1:\(server.port)"))
            #expect(error.message.contains("\(300 << 20)"))
            #expect(error.message.contains("\(16 << 20)"))
            #expect(!error.message.contains("s3cret"))
            #expect(!error.isRetryable)
            await server.stop()
            // The rest was never taken: what left the server stands in the buffers of two sockets at most.
            #expect(written.withLock { $0 } < 64 << 20)
        }
    }

    @Test func unannouncedBodyIsCutAtTheRequestsOwnBound() async throws {
        let written = Mutex(0)
        try await withServer { connection in
            _ = connection.readRequest()
            connection.write("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
            let piece = [UInt8](repeating: 0x20, count: 1 << 20)
            for _ in 0..<300 { guard connection.write(piece) else { break } }
            written.withLock { $0 = connection.bytesWritten }
        } _: { client, server in
            let error = try await failure(of: client, OutboundRequest(url: server.url(), responseBytesMax: 1 << 20))
            #expect(error.code == .bodyTooLarge)
            #expect(error.message.contains("\(1 << 20)"))
            await server.stop()
            #expect(written.withLock { $0 } < 64 << 20)
        }
    }

    @Test func bodyOfExactlyTheBoundIsTaken() async throws {
        let body = String(repeating: "x", count: 1000)
        try await withServer {
            $0.answerAll(body)
        } _: { client, server in
            let response = try await client.send(OutboundRequest(url: server.url(), responseBytesMax: 1000))
            #expect(response.body.count == 1000)
            let error = try await failure(of: client, OutboundRequest(url: server.url(), responseBytesMax: 999))
            #expect(error.code == .bodyTooLarge)
        }
    }

    @Test func boundAppliesAfterDecompression() async throws {
        let bomb = Gzip.bomb(expandedBytes: 64 << 20)
        #expect(bomb.count < 1 << 20)
        try await withServer { connection in
            _ = connection.readRequest()
            connection.answer(bomb, headers: ["Content-Encoding: gzip"])
        } _: { client, server in
            let error = try await failure(of: client, OutboundRequest(url: server.url(), responseBytesMax: 2 << 20))
            #expect(error.code == .bodyTooLarge)
        }
    }

    @Test(arguments: ["lines", "fields", "line"])
    func hugeHeaderIsRefused(kind: String) async throws {
        try await withServer { connection in
            _ = connection.readRequest()
            connection.write("HTTP/1.1 200 OK\r\n")
            switch kind {
            case "lines":
                let line = "X-Long: " + String(repeating: "a", count: 8000) + "\r\n"
                for _ in 0..<1000 { guard connection.write(line) else { return } }
            case "fields":
                for index in 0..<100_000 { guard connection.write("X-\(index): 1\r\n") else { return } }
            default:
                let piece = String(repeating: "a", count: 1 << 16)
                for _ in 0..<1000 { guard connection.write(piece) else { return } }
            }
            connection.write("\r\n")
            connection.waitForClose()
        } _: { client, server in
            let error = try await failure(of: client, OutboundRequest(url: server.url()))
            #expect(error.code == .headersTooLarge)
            #expect(!error.isRetryable)
        }
    }

    @Test func answersTogetherStayWithinTheMemoryBound() async throws {
        let piece = String(repeating: "x", count: 600_000)
        let firstIsHeld = AsyncSignal()
        try await withServer(configure: { $0.bufferedBytesMax = 1_000_000 }) { connection in
            while let request = connection.readRequest() {
                if request.line.hasPrefix("GET /held ") {
                    connection.write("HTTP/1.1 200 OK\r\nContent-Length: 600001\r\n\r\n" + piece)
                    firstIsHeld.fire()
                    connection.waitForClose()
                } else {
                    connection.answer(piece)
                }
            }
        } _: { client, server in
            async let held = failure(of: client, OutboundRequest(url: server.url("/held")))
            await firstIsHeld.wait()
            // The held bytes left the server; the client has them when they are in its statistics' way: ask until
            // refused.
            var error: OutboundError?
            while error == nil {
                do throws(OutboundError) {
                    _ = try await client.send(OutboundRequest(url: server.url("/other")))
                } catch let caught {
                    error = caught
                }
            }
            #expect(error?.code == .overloaded)
            #expect(error?.isRetryable == true)
            await server.stop()
            let heldError = try await held
            #expect(heldError.code == .network)
        }
    }

    @Test func fullQueueRefuses() async throws {
        try await withServer(configure: {
            $0.connectionsPerHostMax = 1
            $0.queuedRequestsMax = 2
        }) { connection in
            _ = connection.readRequest()
            connection.waitForClose()
        } _: { client, server in
            let request = OutboundRequest(url: server.url())
            let codes = await withTaskGroup(of: OutboundError.Code?.self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        do throws(OutboundError) {
                            _ = try await client.send(request)
                            return nil
                        } catch {
                            return error.code
                        }
                    }
                }
                var codes: [OutboundError.Code?] = []
                // One runs and two wait; the others are refused, and only then can these be let go.
                for _ in 0..<5 { codes.append(await group.next() ?? nil) }
                await client.close()
                for await code in group { codes.append(code) }
                return codes
            }
            #expect(codes.prefix(5).allSatisfy { $0 == .overloaded })
            #expect(codes.suffix(3).allSatisfy { $0 == .closed })
        }
    }

    @Test func tooLargeRequestIsNotSent() async throws {
        try await withServer(configure: { $0.requestBytesMax = 10 }) {
            $0.answerAll("")
        } _: { client, server in
            let body = [UInt8](repeating: 1, count: 11)
            let error = try await failure(of: client, OutboundRequest(method: "POST", url: server.url(), body: body))
            #expect(error.code == .bodyTooLarge)
            #expect(server.connectionsAccepted == 0)
        }
    }

    @Test func unusableConfigurationIsRefusedByName() throws {
        var configuration = OutboundClient.Configuration()
        configuration.connectionsMax = 0
        let error = #expect(throws: OutboundError.self) {
            try OutboundClient(configuration: configuration, logger: Logger(label: "test"))
        }
        #expect(error?.code == .invalidConfiguration)
        #expect(error?.message.contains("connectionsMax") == true)
    }
}

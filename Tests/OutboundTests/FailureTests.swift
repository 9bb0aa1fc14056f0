import Outbound
import Testing

@Suite("Failures")
struct FailureTests {
    @Test func truncatedBodyIsNoAnswer() async throws {
        try await withServer { connection in
            _ = connection.readRequest()
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"half\":")
        } _: { client, server in
            let error = try await failure(of: client, OutboundRequest(url: server.url("/p?key=s3cret")))
            #expect(error.code == .network)
            #expect(error.isRetryable)
            #expect(error.mayHaveBeenSent)
            #expect(!error.description.contains("s3cret"))
        }
    }

    @Test func truncatedChunksAreNoAnswer() async throws {
        try await withServer { connection in
            _ = connection.readRequest()
            connection.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab")
        } _: { client, server in
            let error = try await failure(of: client, OutboundRequest(url: server.url()))
            #expect(error.code == .network)
        }
    }

    @Test func silenceEndsAtTheTimeout() async throws {
        try await withServer { connection in
            _ = connection.readRequest()
            connection.waitForClose()
        } _: { client, server in
            let error = try await failure(of: client, OutboundRequest(url: server.url(), timeout: .seconds(2)))
            #expect(error.code == .timeout)
            #expect(error.isRetryable)
            #expect(error.mayHaveBeenSent)
            #expect(error.duration >= .seconds(2))
            #expect(error.message.contains("127.0.0.1:\(server.port)"))
            #expect(error.message.contains("2.0 seconds"))
        }
    }

    @Test func trickleEndsAtTheTimeout() async throws {
        try await withServer { connection in
            _ = connection.readRequest()
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nxx")
            while !connection.waitForClose(milliseconds: 1000), connection.write("x") {}
        } _: { client, server in
            let error = try await failure(of: client, OutboundRequest(url: server.url(), timeout: .milliseconds(2500)))
            #expect(error.code == .timeout)
            #expect(error.message.contains(/[2-9] bytes of body/))
        }
    }

    /// A server whose queue of connections is full: the kernel lets the next one wait without a word.
    @Test func anAddressThatDoesNotAnswerIsToldFromANameThatDoesNot() async throws {
        let full = try FullListener()
        defer { full.close() }
        try await withServer { _ in
        } _: { client, _ in
            let error = try await failure(
                of: client,
                OutboundRequest(
                    url: "http://127.0.0.1:\(full.port)/", timeout: .seconds(60), connectTimeout: .milliseconds(300)))
            #expect(error.code == .timeout && error.isRetryable && !error.mayHaveBeenSent)
            #expect(error.message.contains("no connection within 0.3 seconds"), "\(error.message)")
            await client.close()
            #expect(client.statistics.connectionsOpen == 0 && client.statistics.connectionsOpened == 1)
        }
    }

    @Test func waitingForAConnectionCountsTowardsTheTimeout() async throws {
        let isHeld = AsyncSignal()
        try await withServer(configure: { $0.connectionsPerHostMax = 1 }) { connection in
            _ = connection.readRequest()
            isHeld.fire()
            connection.waitForClose()
        } _: { client, server in
            async let held = failure(of: client, OutboundRequest(url: server.url()))
            await isHeld.wait()
            let error = try await failure(of: client, OutboundRequest(url: server.url(), timeout: .milliseconds(200)))
            #expect(error.code == .timeout)
            #expect(!error.mayHaveBeenSent)
            #expect(server.connectionsAccepted == 1)
            await client.close()
            let heldError = try await held
            #expect(heldError.code == .closed)
        }
    }

    @Test func resetInTheMiddleIsANetworkError() async throws {
        try await withServer { connection in
            _ = connection.readRequest()
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc")
            connection.resetOnClose()
        } _: { client, server in
            let error = try await failure(of: client, OutboundRequest(url: server.url()))
            #expect(error.code == .network)
            #expect(error.isRetryable)
        }
    }

    @Test func closeBeforeAnyAnswerIsANetworkError() async throws {
        try await withServer { connection in
            _ = connection.readRequest()
        } _: { client, server in
            let error = try await failure(of: client, OutboundRequest(method: "POST", url: server.url(), body: [1]))
            #expect(error.code == .network)
            #expect(error.mayHaveBeenSent)
        }
    }

    @Test(arguments: ["SSH-2.0-OpenSSH_9.2\r\n", "\0\0\0\0\r\n\r\n", "HTTP/9.9 200 OK\r\n\r\n", "HTTP/1.1 abc\r\n\r\n"])
    func whatIsNotHTTPIsANetworkError(answer: String) async throws {
        try await withServer { connection in
            _ = connection.readRequest()
            connection.write(answer)
        } _: { client, server in
            let error = try await failure(of: client, OutboundRequest(url: server.url()))
            #expect(error.code == .network)
        }
    }

    @Test func idleConnectionThatTheServerClosedIsReplaced() async throws {
        try await withServer { connection in
            guard connection.readRequest() != nil else { return }
            connection.answer("once")
        } _: { client, server in
            for _ in 0..<20 {
                let response = try await client.send(OutboundRequest(url: server.url()))
                #expect(text(response.body) == "once")
            }
            #expect(server.connectionsAccepted == 20)
        }
    }

    @Test func refusedConnectionIsSaidSo() async throws {
        try await withClient { client in
            // A port that was free a moment ago could be another test's by now.
            let error = try await failure(of: client, OutboundRequest(url: "http://127.0.0.1:1/?key=s3cret"))
            #expect(error.code == .connect)
            #expect(error.isRetryable)
            #expect(!error.mayHaveBeenSent)
            #expect(!error.message.contains("s3cret"))
        }
    }

    @Test func unknownHostFailsAllThatWaitForIt() async throws {
        try await withClient { client in
            let request = OutboundRequest(url: "http://weir-test.invalid/?key=s3cret", timeout: .seconds(60))
            try await withThrowingTaskGroup(of: OutboundError.self) { group in
                for _ in 0..<50 { group.addTask { try await failure(of: client, request) } }
                for try await error in group {
                    #expect(error.code == .nameResolution)
                    #expect(error.isRetryable)
                    #expect(error.message.contains("weir-test.invalid"))
                    #expect(!error.message.contains("s3cret"))
                }
            }
        }
    }
}

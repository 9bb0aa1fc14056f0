import Logging
import Outbound
import Synchronization
import Testing

@Suite("Concurrency")
struct ConcurrencyTests {
    @Test func threeHundredExchangesRunAtOnce() async throws {
        let arrived = Atomic(0)
        let allArrived = Barrier(count: 300)
        try await withServer(configure: { $0.connectionsPerHostMax = 300 }) { connection in
            while let request = connection.readRequest() {
                arrived.add(1, ordering: .relaxed)
                // Nobody is answered before all are here: only exchanges in progress at once get through.
                allArrived.wait()
                connection.answer(request.line)
            }
        } _: { client, server in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for index in 0..<300 {
                    group.addTask {
                        let response = try await client.send(OutboundRequest(url: server.url("/\(index)")))
                        #expect(text(response.body) == "GET /\(index) HTTP/1.1")
                    }
                }
                try await group.waitForAll()
            }
            #expect(arrived.load(ordering: .relaxed) == 300)
        }
    }

    @Test func boundPerHostHoldsAndAllAreServed() async throws {
        try await withServer(configure: { $0.connectionsPerHostMax = 4 }) {
            $0.answerAll("ok")
        } _: { client, server in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<1000 {
                    group.addTask {
                        let response = try await client.send(OutboundRequest(url: server.url()))
                        #expect(response.status == 200)
                    }
                }
                try await group.waitForAll()
            }
            #expect(server.connectionsAccepted <= 4)
        }
    }

    @Test func saturatedHostDoesNotHoldUpAnother() async throws {
        let isHeld = AsyncSignal()
        let other = try TestServer { $0.answerAll("free") }
        try await withServer(configure: { $0.connectionsPerHostMax = 1 }) { connection in
            _ = connection.readRequest()
            isHeld.fire()
            connection.waitForClose()
        } _: { client, server in
            try await withThrowingTaskGroup(of: OutboundError.self) { group in
                for _ in 0..<20 { group.addTask { try await failure(of: client, OutboundRequest(url: server.url())) } }
                await isHeld.wait()
                let response = try await client.send(OutboundRequest(url: other.url()))
                #expect(text(response.body) == "free")
                await client.close()
                for try await error in group { #expect(error.code == .closed) }
            }
        }
        await other.stop()
    }

    @Test func cancellationBreaksTheConnection() async throws {
        let hasArrived = AsyncSignal()
        let isBroken = AsyncSignal()
        try await withServer { connection in
            _ = connection.readRequest()
            hasArrived.fire()
            if connection.waitForClose() { isBroken.fire() }
        } _: { client, server in
            let task = Task {
                try await failure(of: client, OutboundRequest(url: server.url(), timeout: .seconds(600)))
            }
            await hasArrived.wait()
            task.cancel()
            let error = try await task.value
            #expect(error.code == .cancelled)
            #expect(!error.isRetryable)
            #expect(error.mayHaveBeenSent)
            await isBroken.wait()
        }
    }

    @Test func aCallIsAbortedFromElsewhere() async throws {
        let hasArrived = AsyncSignal()
        let isBroken = AsyncSignal()
        try await withServer { connection in
            _ = connection.readRequest()
            hasArrived.fire()
            if connection.waitForClose() { isBroken.fire() }
        } _: { client, server in
            let call = try client.call(OutboundRequest(url: server.url(), timeout: .seconds(600)))
            let response = Task { try await call.response() }
            await hasArrived.wait()
            call.cancel()
            await #expect { try await response.value } throws: { ($0 as? OutboundError)?.code == .cancelled }
            await isBroken.wait()

            let early = try client.call(OutboundRequest(url: server.url()))
            early.cancel()
            await #expect { try await early.response() } throws: { ($0 as? OutboundError)?.code == .cancelled }
            #expect(server.connectionsAccepted == 1)
        }
    }

    @Test func cancelledTaskSendsNothing() async throws {
        try await withServer {
            $0.answerAll("")
        } _: { client, server in
            let task = Task {
                withUnsafeCurrentTask { $0?.cancel() }
                return try await failure(of: client, OutboundRequest(url: server.url()))
            }
            let error = try await task.value
            #expect(error.code == .cancelled)
            #expect(server.connectionsAccepted == 0)
        }
    }

    @Test func cancelledWhileWaitingLeavesTheQueue() async throws {
        let isHeld = AsyncSignal()
        let mayAnswer = Barrier(count: 2)
        try await withServer(configure: { $0.connectionsPerHostMax = 1 }) { connection in
            while connection.readRequest() != nil {
                if isHeld.fireOnce() { mayAnswer.wait() }
                connection.answer("ok")
            }
        } _: { client, server in
            let request = OutboundRequest(url: server.url())
            async let held = client.send(request)
            await isHeld.wait()
            let waiting = (0..<500).map { _ in Task { try await failure(of: client, request) } }
            for task in waiting { task.cancel() }
            for task in waiting {
                let error = try await task.value
                #expect(error.code == .cancelled)
            }
            async let last = client.send(request)
            await mayAnswer.waitAsync()
            let responses = try await [held, last]
            #expect(responses.map(\.status) == [200, 200])
        }
    }

    @Test func closeEndsWhatIsInFlightAndWhatComesLater() async throws {
        let arrived = Barrier(count: 11)
        try await withServer { connection in
            _ = connection.readRequest()
            arrived.wait()
            connection.waitForClose()
        } _: { client, server in
            try await withThrowingTaskGroup(of: OutboundError.self) { group in
                for _ in 0..<10 { group.addTask { try await failure(of: client, OutboundRequest(url: server.url())) } }
                await arrived.waitAsync()
                async let first: Void = client.close()
                async let second: Void = client.close()
                _ = await (first, second)
                for try await error in group {
                    #expect(error.code == .closed)
                    #expect(error.mayHaveBeenSent)
                }
            }
            let error = try await failure(of: client, OutboundRequest(url: server.url()))
            #expect(error.code == .closed)
            await client.close()
            #expect(client.statistics.connectionsOpen == 0)
            #expect(client.statistics.exchangesInFlight == 0)
            #expect(client.statistics.exchangesFailed == 10)
        }
    }

    @Test func droppedClientLetsGoOfItsConnections() async throws {
        let isBroken = AsyncSignal()
        let server = try TestServer { connection in
            connection.answerAll("ok")
            isBroken.fire()
        }
        do {
            var configuration = OutboundClient.Configuration()
            configuration.allowedNetworks = ["127.0.0.0/8"]
            let client = try OutboundClient(configuration: configuration, logger: Logger(label: "test"))
            _ = try await client.send(OutboundRequest(url: server.url()))
        }
        await isBroken.wait()
        await server.stop()
    }

    @Test func statisticsAddUp() async throws {
        try await withServer {
            $0.answerAll("12345")
        } _: { client, server in
            for _ in 0..<3 { _ = try await client.send(OutboundRequest(url: server.url())) }
            _ = try await failure(of: client, OutboundRequest(url: server.url(), responseBytesMax: 1))
            await client.close()
            let statistics = client.statistics
            #expect(statistics.exchangesStarted == 4)
            #expect(statistics.exchangesSucceeded == 3)
            #expect(statistics.exchangesFailed == 1)
            #expect(statistics.connectionsOpened == 1)
            #expect(statistics.connectionsOpen == 0)
            #expect(statistics.bytesReceived >= 15)
        }
    }
}

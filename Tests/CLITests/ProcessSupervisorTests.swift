import Glibc
import Synchronization
import Testing

@testable import CLI

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

@Suite("Process supervisor", .timeLimit(.minutes(10)))
struct ProcessSupervisorTests {
    private func makeSupervisor(
        _ state: StateDirectory,
        onEvent: @escaping @Sendable (SupervisorEvent) -> Void = { _ in }
    ) -> ProcessSupervisor {
        ProcessSupervisor(
            executables: state.path, inherited: ["PATH": "/usr/bin:/bin", "PGHOST": "elsewhere"],
            logDirectory: state.path,
            onEvent: onEvent)
    }

    private func isAlive(_ processID: Int32) -> Bool { kill(processID, 0) == 0 }

    @Test func crashedServiceIsStartedAgain() async throws {
        try await withTemporaryState { state in
            try await writeScript("\(state.path)/weir-x", "echo run >> \(state.path)/runs", "exec sleep 60")
            let (events, continuation) = AsyncStream.makeStream(of: SupervisorEvent.self)
            let supervisor = makeSupervisor(state) { continuation.yield($0) }
            try await supervisor.start(ServicePlan(name: "weir-x", settings: [:], healthPort: 1))
            var next = events.makeAsyncIterator()
            guard case .started(_, let first) = await next.next() else { throw Unexpected() }
            try await waitUntil { text(of: "\(state.path)/runs") == "run\n" }
            kill(first, SIGKILL)
            let crash = await next.next()
            #expect(
                crash == .crashed(service: "weir-x", status: .signalled(SIGKILL), restartAfter: RestartBackoff.first))
            guard case .started(_, let second) = await next.next() else { throw Unexpected() }
            #expect(second != first)
            try await waitUntil { text(of: "\(state.path)/runs") == "run\nrun\n" }
            await supervisor.stop("weir-x", grace: .seconds(5))
            #expect(!isAlive(second))
        }
    }

    @Test func settingsGoOverTheInheritedEnvironmentWithoutLibpqsOwn() async throws {
        try await withTemporaryState { state in
            try await writeScript("\(state.path)/weir-x", "echo \"$WEIR_A,$PGHOST,$PATH\"", "exec sleep 60")
            let supervisor = makeSupervisor(state)
            try await supervisor.start(ServicePlan(name: "weir-x", settings: ["WEIR_A": "a"], healthPort: 1))
            try await waitUntil { text(of: supervisor.logPath("weir-x")) == "a,,/usr/bin:/bin\n" }
            await supervisor.stop("weir-x", grace: .seconds(5))
        }
    }

    @Test func serviceThatIgnoresTheStopIsKilledAfterItsGrace() async throws {
        try await withTemporaryState { state in
            try await writeScript("\(state.path)/weir-x", "trap '' TERM", "echo ready", "while :; do sleep 0.05; done")
            let supervisor = makeSupervisor(state)
            try await supervisor.start(ServicePlan(name: "weir-x", settings: [:], healthPort: 1))
            try await waitUntil { text(of: supervisor.logPath("weir-x")) == "ready\n" }
            let processID = try #require(await supervisor.processID("weir-x"))
            await supervisor.stop(["weir-x"], grace: .milliseconds(200))
            #expect(!isAlive(processID))
        }
    }

    @Test func stopDuringTheWaitForARestartEndsIt() async throws {
        try await withTemporaryState { state in
            try await writeScript("\(state.path)/weir-x", "echo run", "exit 3")
            let (events, continuation) = AsyncStream.makeStream(of: SupervisorEvent.self)
            let supervisor = makeSupervisor(state) { continuation.yield($0) }
            try await supervisor.start(ServicePlan(name: "weir-x", settings: [:], healthPort: 1))
            for await event in events {
                if case .crashed(_, let status, _) = event {
                    #expect(status == .exited(3))
                    break
                }
            }
            await supervisor.stop("weir-x", grace: .seconds(1))
            #expect(await supervisor.processID("weir-x") == nil)
        }
    }

    @Test func waitGrowsWithEachCrashAndStartsAnewAfterASteadyRun() {
        var backoff = RestartBackoff()
        let waits = (0..<7).map { _ in backoff.delay(afterRunOf: .seconds(1)) }
        #expect(waits[0] == .milliseconds(250))
        #expect(waits[1] == .milliseconds(500))
        #expect(waits[6] == RestartBackoff.longest)
        #expect(backoff.delay(afterRunOf: .seconds(31)) == .milliseconds(250))
    }

    @Test func logPastItsBoundBecomesTheOlderFile() async throws {
        try await withTemporaryState { state in
            let log = SupervisedLog(path: "\(state.path)/x.log", bytesMax: 10)
            try Data("0123456789\n".utf8).write(to: URL(filePath: log.path))
            log.rotateWhileOpen()
            #expect(text(of: log.path) == "")
            #expect(text(of: log.path + ".1") == "0123456789\n")
            log.rotateBeforeStart()
            #expect(text(of: log.path + ".1") == "0123456789\n")
        }
    }

    @Test func endOfALogIsItsLastLines() async throws {
        try await withTemporaryState { state in
            let path = "\(state.path)/x.log"
            try Data((String(repeating: "x", count: 20_000) + "\none\ntwo\n\n").utf8).write(to: URL(filePath: path))
            #expect(LogTail.lastLines(path, count: 2) == ["one", "two"])
            #expect(LogTail.lastLine(path) == "two")
            #expect(LogTail.lastLine("\(state.path)/none") == "it said nothing")
        }
    }

    private struct Unexpected: Error {}
}

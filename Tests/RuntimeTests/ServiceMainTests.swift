import Logging
import ServiceLifecycle
import Testing

@testable import Runtime

@Suite("Service main", .timeLimit(.minutes(10)))
struct ServiceMainTests {
    private func makeContext() throws -> RuntimeContext {
        try RuntimeContext(name: "weir-test", environment: [:], logger: silentLogger)
    }

    private struct Failing: Service {
        struct Broken: Error, CustomStringConvertible { let description = "first line\nsecond line" }
        func run() async throws { throw Broken() }
    }

    /// Ends neither when asked nor when cancelled.
    private struct Stubborn: Service {
        func run() async throws { await withUnsafeContinuation { (_: UnsafeContinuation<Void, Never>) in } }
    }

    @Test func failureOfAServiceEndsTheOthersAndIsThrown() async throws {
        struct Idle: Service {
            func run() async throws { try await gracefulShutdown() }
        }
        let context = try makeContext()
        await #expect(throws: Failing.Broken.self) {
            try await ServiceMain.run([Idle(), Failing()], context: context, shutdownTimeout: .seconds(60))
        }
        #expect(await !context.health.report().isReady)
    }

    @Test func serviceThatNeverStopsIsLeftBehind() async throws {
        let context = try makeContext()
        await #expect(throws: ShutdownTimeoutError.self) {
            try await ServiceMain.run(
                [Stubborn(), Failing()], context: context, shutdownTimeout: .milliseconds(50),
                cancellationTimeout: .milliseconds(50))
        }
    }

    @Test func failureIsOneLine() {
        #expect(ServiceMain.failureLine("weir-test", Failing.Broken()) == "weir-test: first line\\nsecond line\n")
    }

    @Test func unknownArgumentIsRefused() async {
        let status = await ServiceMain.run("weir-test", environment: [:], arguments: ["weir-test", "--wrong"]) { _ in []
        }
        #expect(status == 2)
    }
}

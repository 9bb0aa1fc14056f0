import Glibc
import Logging
import ServiceLifecycle
import Testing

@testable import Runtime

@Suite("Health", .timeLimit(.minutes(10)))
struct HealthTests {
    private struct Down: Error, CustomStringConvertible { let description = "connection \"refused\"" }

    @Test func processWithoutChecksIsReady() async {
        let report = await HealthRegistry().report()
        #expect(report.isReady)
        #expect(report.json() == "{\"status\":\"ready\",\"checks\":{}}\n")
    }

    @Test func failedCheckIsReportedWithItsReason() async {
        let health = HealthRegistry(checkTimeout: .seconds(60))
        health.register("database") { throw Down() }
        health.register("bus") {}
        let report = await health.report()
        #expect(!report.isReady)
        #expect(
            report.json()
                == "{\"status\":\"unready\",\"checks\":{\"bus\":\"ok\",\"database\":\"connection \\\"refused\\\"\"}}\n")
    }

    @Test func checkThatNeverEndsIsGivenUpAndNotStartedAgain() async {
        let health = HealthRegistry(checkTimeout: .milliseconds(50))
        let starts = AsyncStream.makeStream(of: Void.self)
        health.register("stuck") {
            starts.continuation.yield()
            // Ignores its cancellation on purpose.
            await withUnsafeContinuation { (_: UnsafeContinuation<Void, Never>) in }
        }
        let first = await health.report()
        #expect(first.checks[0].failure?.contains("no answer") == true)
        let second = await health.report()
        #expect(second.checks[0].failure == "the check before this one has not ended")
    }

    @Test func drainingProcessIsNotReady() async {
        let health = HealthRegistry()
        health.markDraining()
        let report = await health.report()
        #expect(!report.isReady)
        #expect(report.json().hasPrefix("{\"status\":\"draining\""))
    }

    @Test func serverAnswersHealthReadinessAndMetrics() async throws {
        let health = HealthRegistry(checkTimeout: .seconds(60))
        let metrics = PrometheusRegistry()
        metrics.counter("weir_test_total", "Help.").increment(by: 7)
        try await withServer(health: health, metrics: metrics) { port in
            #expect(await LoopbackRequest.get("/healthz", port: port).hasSuffix("\r\n\r\nok\n"))
            #expect(await LoopbackRequest.get("/readyz", port: port).hasPrefix("HTTP/1.1 200 OK\r\n"))
            let page = await LoopbackRequest.get("/metrics", port: port)
            #expect(page.contains("Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"))
            #expect(page.contains("\nweir_test_total 7\n"))
            health.register("database") { throw Down() }
            let unready = await LoopbackRequest.get("/readyz", port: port)
            #expect(unready.hasPrefix("HTTP/1.1 503 "))
            #expect(unready.contains("connection"))
            #expect(await LoopbackRequest.get("/nothing", port: port).hasPrefix("HTTP/1.1 404 "))
        }
    }

    @Test func portInUseIsAnErrorThatNamesTheSetting() async throws {
        try await withServer(health: HealthRegistry(), metrics: PrometheusRegistry()) { port in
            let second = HealthServer(
                port: port, health: HealthRegistry(), metrics: PrometheusRegistry(), logger: silentLogger)
            let error = await #expect(throws: ConfigurationError.self) { try await second.run() }
            #expect(error?.setting == "WEIR_HEALTH_PORT")
        }
    }

    /// Runs a health server on a free port and stops it after the body.
    private func withServer(
        health: HealthRegistry,
        metrics: PrometheusRegistry,
        _ body: (Int) async throws -> Void
    ) async throws {
        let (ports, continuation) = AsyncStream.makeStream(of: Int.self)
        let server = HealthServer(port: 0, health: health, metrics: metrics, logger: silentLogger) {
            continuation.yield($0)
        }
        let group = ServiceGroup(configuration: .init(services: [server], logger: silentLogger))
        try await withThrowingTaskGroup { tasks in
            tasks.addTask { try await group.run() }
            var iterator = ports.makeAsyncIterator()
            let port = try #require(await iterator.next())
            try await body(port)
            await group.triggerGracefulShutdown()
        }
    }
}

/// A logger that writes nowhere.
let silentLogger = Logger(label: "silent") { _ in SwiftLogNoOpLogHandler() }

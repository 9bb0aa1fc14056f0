import Foundation
import Logging
import Postgres
import Runtime
import Store
import Testing

@testable import Scheduler

extension IntegrationTests {
    /// What schedulers show of the state of all work, with the scheduler's rights and session.
    @Suite("Monitoring")
    struct MonitoringTests {
        @Test func eachLookShowsOpenWorkAndCountsWhatHappenedSinceTheLast() async throws {
            try await withMonitor { database, monitor, metrics in
                let request = try await StoredRequest(database)
                await monitor.look()
                #expect(metrics.value(#"weir_rows{entity="activity_request",state="valid"}"#) == "1")
                #expect(metrics.value(#"weir_rows{entity="run_queue",state="ready"}"#) == "0")
                #expect(metrics.value(#"weir_deliveries{state="ready"}"#) == "0")
                #expect(metrics.value(#"weir_default_partition_rows{table="run_queue"}"#) == "0")
                // A counter begins with its process.
                #expect(
                    metrics.value(#"weir_transitions_total{entity="activity_request",from="none",to="valid"}"#) == nil)

                try await request.expand()
                await monitor.look()
                #expect(metrics.value(#"weir_rows{entity="activity_request",state="in_progress"}"#) == "1")
                #expect(metrics.value(#"weir_rows{entity="run_queue",state="ready"}"#) == "2")
                #expect(metrics.value(#"weir_ready_runs{org="acme",source="registry"}"#) == "2")
                #expect(metrics.value(#"weir_oldest_ready_run_age_seconds{org="acme",source="registry"}"#) != nil)
                #expect(metrics.value(#"weir_transitions_total{entity="run_queue",from="none",to="ready"}"#) == "2")
                #expect(metrics.value(#"weir_state_duration_seconds_count{entity="run_queue",from="ready"}"#) == nil)

                _ = try await request.claimRuns()
                await monitor.look()
                #expect(metrics.value(#"weir_rows{entity="run_queue",state="ready"}"#) == "0")
                #expect(metrics.value(#"weir_rows{entity="run_queue",state="in_progress"}"#) == "2")
                #expect(metrics.value(#"weir_rows{entity="run_request",state="in_progress"}"#) == "2")
                #expect(metrics.value(#"weir_ready_runs{org="acme",source="registry"}"#) == nil)
                #expect(metrics.value(#"weir_transitions_total{entity="run_queue",from="none",to="ready"}"#) == "2")
                #expect(
                    metrics.value(#"weir_transitions_total{entity="run_queue",from="ready",to="in_progress"}"#) == "2")
                #expect(metrics.value(#"weir_state_duration_seconds_count{entity="run_queue",from="ready"}"#) == "2")
                #expect(
                    metrics.value(#"weir_state_duration_seconds_bucket{entity="run_queue",from="ready",le="86400"}"#)
                        == "2")
                #expect(metrics.value("weir_stuck_rows{kind=\"exchange_abandoned\"}") == nil)

                _ = try await database.value(
                    Bool.self,
                    "update public.worker set ended_at = clock_timestamp() - interval '1 hour' returning true")
                await monitor.look()
                #expect(metrics.value("weir_stuck_rows{kind=\"exchange_abandoned\"}") == "2")
                #expect(metrics.value("weir_monitor_failures_total") == "0")
                #expect(metrics.value("weir_monitor_seconds_count") == "4")
            }
        }

        @Test func deliveriesAreCountedByWhetherTheyAreDue() async throws {
            try await withMonitor { database, monitor, metrics in
                let request = try await StoredRequest(database)
                try await request.expand()
                try await request.finishRuns()
                try await request.collect()
                await monitor.look()
                #expect(metrics.value(#"weir_deliveries{state="ready"}"#) == "1")
                #expect(Double(metrics.value("weir_oldest_due_delivery_age_seconds") ?? "") ?? 0 > 0)
                _ = try await database.value(
                    Bool.self,
                    "update public.delivery set due_at = clock_timestamp() + interval '1 hour' returning true")
                await monitor.look()
                #expect(metrics.value(#"weir_deliveries{state="ready"}"#) == "0")
                #expect(metrics.value(#"weir_deliveries{state="waiting"}"#) == "1")
                #expect(metrics.value("weir_oldest_due_delivery_age_seconds") == "0")
                _ = try await database.value(
                    Bool.self, "update public.delivery set due_at = clock_timestamp() returning true")
                _ = try await request.claimDeliveries()
                await monitor.look()
                #expect(metrics.value(#"weir_deliveries{state="waiting"}"#) == "0")
                #expect(metrics.value(#"weir_deliveries{state="in_progress"}"#) == "1")
            }
        }

        @Test func eachStageShowsWhatWaitsForIt() async throws {
            try await withMonitor { database, monitor, metrics in
                let stages = ["expand", "call", "process", "collect", "deliver"]
                func expect(_ stage: String?, waiting: String, _ comment: Comment) async {
                    await monitor.look()
                    for other in stages {
                        let isIt = other == stage
                        let (count, age) = (
                            metrics.value(#"weir_stage_waiting{stage="\#(other)"}"#),
                            metrics.value(#"weir_stage_oldest_waiting_seconds{stage="\#(other)"}"#).flatMap {
                                Double($0)
                            }
                        )
                        #expect(count == (isIt ? waiting : "0"), "\(comment): \(other)")
                        // When a request's last run was closed, nobody has written down.
                        if other == "collect" {
                            #expect(age == nil)
                        } else {
                            #expect(isIt ? age ?? 0 > 0 : age == 0, "\(comment): \(other)")
                        }
                    }
                }
                await expect(nil, waiting: "0", "nothing is asked for")
                let request = try await StoredRequest(database)
                await expect("expand", waiting: "1", "a request is accepted")
                let claimed = try #require(try await request.beginExpansion())
                await monitor.look()
                #expect(metrics.value(#"weir_stage_waiting{stage="expand"}"#) == "0", "somebody expands it")
                try await request.finishExpansion(claimed)
                await expect("call", waiting: "2", "its runs are ready")
                try await request.recordAnswers()
                await expect("process", waiting: "2", "answers are there")
                try await request.processAnswers()
                await expect("collect", waiting: "1", "all runs are closed")
                try await request.collect()
                await expect("deliver", waiting: "1", "the result is there")
                _ = try await request.claimDeliveries()
                await expect(nil, waiting: "0", "somebody delivers it")
                #expect(metrics.value("weir_monitor_failures_total") == "0")
            }
        }

        @Test func everyCountHasItsBound() async throws {
            var configuration = Self.immediately
            configuration.limits.rowsMax = 1
            configuration.limits.runsOfSourceMax = 1
            configuration.durationsMax = 1
            try await withMonitor(configuration) { database, monitor, metrics in
                let request = try await StoredRequest(database)
                try await request.expand()
                await monitor.look()
                #expect(metrics.value(#"weir_rows{entity="run_queue",state="ready"}"#) == "1")
                #expect(metrics.value(#"weir_ready_runs{org="acme",source="registry"}"#) == "1")
                _ = try await request.claimRuns()
                await monitor.look()
                // Transitions are counted all; how long states lasted is looked up of a sample: 4 transitions, one in four.
                #expect(
                    metrics.value(#"weir_transitions_total{entity="run_queue",from="ready",to="in_progress"}"#) == "2")
                let sampled = Int(
                    metrics.value(#"weir_state_duration_seconds_count{entity="run_queue",from="ready"}"#) ?? "0")
                #expect(try #require(sampled) <= 1)
            }
        }

        @Test func everySchedulerCountsAllTransitions() async throws {
            try await withMonitor { database, first, firstMetrics in
                let request = try await StoredRequest(database)
                let secondMetrics = PrometheusRegistry()
                let pool = schedulersPool(database)
                let second = StateMonitor(
                    configuration: Self.immediately, store: MonitoringStore(pool: pool), metrics: secondMetrics,
                    logger: .silent)
                await first.look()
                await second.look()
                try await request.expand()
                await first.look()
                await second.look()
                for metrics in [firstMetrics, secondMetrics] {
                    #expect(metrics.value(#"weir_transitions_total{entity="run_queue",from="none",to="ready"}"#) == "2")
                }
                await pool.close()
            }
        }

        @Test func afterALookThatFailedNothingIsShown() async throws {
            try await withDatabase { database in
                let pool = schedulersPool(database)
                let metrics = PrometheusRegistry()
                let monitor = StateMonitor(
                    configuration: Self.immediately, store: MonitoringStore(pool: pool), metrics: metrics,
                    logger: .silent)
                await monitor.look()
                #expect(metrics.value(#"weir_rows{entity="run_queue",state="ready"}"#) == "0")
                await pool.close()
                await monitor.look()
                #expect(metrics.value(#"weir_rows{entity="run_queue",state="ready"}"#) == nil)
                #expect(metrics.value("weir_monitor_failures_total") == "1")
            }
        }

        @Test func aRunningSchedulerServesThem() async throws {
            var options = Platform.Options()
            let health = try FreePort.choose()
            options.variables[.scheduler] = ["WEIR_HEALTH_PORT": "\(health)", "WEIR_MONITOR": "100ms"]
            try await withPlatform(options) { platform in
                let id = try await platform.client.submit(["Abel"])
                _ = try await platform.client.wait(for: id, toBe: "delivered")
                try await eventually("the scheduler's look at a quiet platform") {
                    let answer = try await platform.client.get("http://127.0.0.1:\(health)/metrics")
                    return String(decoding: answer.body, as: UTF8.self)
                        .contains(#"weir_rows{entity="activity_request",state="in_progress"} 0"#)
                }
            }
        }

        /// Everything that has been committed is counted.
        private static let immediately = {
            var configuration = StateMonitor.Configuration()
            configuration.settling = .zero
            return configuration
        }()

        private func withMonitor(
            _ configuration: StateMonitor.Configuration = immediately,
            _ body: (TestDatabase, StateMonitor, PrometheusRegistry) async throws -> Void
        ) async throws {
            try await withDatabase { database in
                let pool = schedulersPool(database)
                let metrics = PrometheusRegistry()
                let monitor = StateMonitor(
                    configuration: configuration, store: MonitoringStore(pool: pool), metrics: metrics, logger: .silent)
                do {
                    try await body(database, monitor, metrics)
                } catch {
                    await pool.close()
                    throw error
                }
                await pool.close()
            }
        }

        private func schedulersPool(_ database: TestDatabase) -> PostgresPool {
            PostgresPool(
                configuration: ServiceSession.configuration(
                    url: database.url(of: .scheduler), service: "weir-scheduler", connections: 1), logger: .silent)
        }
    }
}

extension PrometheusRegistry {
    /// The value of a series as `/metrics` prints it; nil when it is not there.
    fileprivate func value(_ series: String) -> String? {
        exposition().split(separator: "\n").first { $0.hasPrefix(series + " ") }.map {
            String($0.dropFirst(series.count + 1))
        }
    }
}

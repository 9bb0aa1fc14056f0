import Foundation
import JSON
import Testing

extension IntegrationTests {
    /// Processes are killed at random, again and again, under load (`make test-chaos`; a short plan is part of `make test`).
    @Suite("Chaos")
    struct ChaosTests {
        /// As the platform's `WEIR_SWEEP`.
        private static let sweep = Duration.milliseconds(200)
        /// Looks in a row at a worker that is silent for longer than its lease: one sweep takes its claims back. On a busy machine a
        /// scheduler may take its own pause for an outage, and then gives everybody another lease: ten looks, and as often as that comes.
        private static let looksMax = 100

        @Test func whateverIsKilledEveryRequestEndsOnce() async throws {
            let plan = try ChaosPlan(environment: ProcessInfo.processInfo.environment)
            print("chaos: \(plan) (WEIR_CHAOS_SEED=\(plan.seed) repeats the plan)")
            var options = Platform.Options()
            options.counts = ChaosPlan.counts
            // More than it takes: a lost executor costs a run one of them.
            options.registryAttempts = 12
            options.lease = "2s"
            try await withPlatform(options) { platform in
                let (requests, recorded, looks) = try await live(through: plan, platform)
                try await checkRequests(requests, platform)
                try await checkRows(requests, platform)
                try await recorded.expectNoneTwice(of: requests.flatMap(\.names), platform)
                try await checkWorkers(platform)
                #expect(looks <= Self.looksMax, "a worker held its claims for \(looks) sweeps after its lease")
                try await report(requests, looks: looks, platform)
            }
        }

        // MARK: The chaos

        private func live(
            through plan: ChaosPlan, _ platform: Platform
        ) async throws -> (requests: [ChaosLoad.Accepted], recorded: RecordedCalls, looks: Int) {
            let watch = Task { try await SilenceWatch(database: platform.database, sweep: Self.sweep).run() }
            defer { watch.cancel() }
            async let submitted = ChaosLoad(platform, seed: plan.loadSeed).submit(for: plan.duration)
            async let recorded = lookAtRecords(for: plan.duration, platform)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for (victim, kills) in plan.kills {
                    group.addTask { try await carryOut(kills, on: victim, platform) }
                }
                try await group.waitForAll()
            }
            let requests = try await submitted
            var records = try await recorded
            for request in requests { _ = try await platform.client.wait(for: request.id, toBe: "delivered") }
            try await eventually("no row that waits for anybody") {
                try await platform.database.unfinishedRows().isEmpty
            }
            try await eventually("no worker that was given up and holds claims") {
                try await platform.database.value(
                    Bool.self,
                    """
                    select not exists (select from public.worker
                                       where released_at is null and clock_timestamp() > heartbeat_at + lease)
                    """)
            }
            watch.cancel()
            records.merge(try await RecordedCalls(platform))
            return (requests, records, try await watch.value)
        }

        private func carryOut(
            _ kills: [ChaosPlan.Kill], on victim: ServiceInstance, _ platform: Platform
        ) async throws {
            // The plan's own times: what happens to the services is that they are killed at these moments, whatever they are doing.
            for kill in kills {
                try await Task.sleep(for: kill.life)
                try await platform.kill9(victim.service, victim.number)
                try await Task.sleep(for: kill.absence)
                try await platform.start(victim.service, victim.number)
            }
        }

        /// What was recorded when, so that a call made again afterwards is seen.
        private func lookAtRecords(for duration: Duration, _ platform: Platform) async throws -> RecordedCalls {
            let end = ContinuousClock.now + duration
            var records = try await RecordedCalls(platform)
            while ContinuousClock.now < end {
                // How often is looked, for as long as the chaos lasts; nothing is waited for.
                try await Task.sleep(for: .seconds(2))
                records.merge(try await RecordedCalls(platform))
            }
            return records
        }

        // MARK: Afterwards

        private func checkRequests(_ requests: [ChaosLoad.Accepted], _ platform: Platform) async throws {
            let hooks = Dictionary(grouping: platform.webhooks.received) { hook in
                hook.body["data"]?["request"]?.stringValue ?? ""
            }
            #expect(Set(hooks.keys) == Set(requests.map(\.id)))
            for accepted in requests {
                let request = try await platform.client.request(accepted.id)
                let (total, failed) = (accepted.names.count, accepted.missing.count)
                let runs = request["runs"]
                #expect(runs?["total"]?.intValue == total && runs?["done"]?.intValue == total - failed, "\(request)")
                #expect(runs?["failed"]?.intValue == failed, "\(request)")
                let own = hooks[accepted.id] ?? []
                #expect(Set(own.map(\.id)).count == 1 && own.allSatisfy { $0.fault == nil }, "\(accepted.id)")
                let result = try await platform.client.get("/v1/activity-requests/\(accepted.id)/result?format=ndjson")
                #expect(result.lines.map { $0["object"]?.stringValue } == accepted.names, "\(accepted.id)")
                let wrong = result.lines.filter { line in
                    let isMissing = accepted.missing.contains(line["object"]?.stringValue ?? "")
                    return (line["error"] != nil) != isMissing || !isMissing && line["values"]?.objectValue?.count != 5
                }
                #expect(wrong.isEmpty, "\(accepted.id)")
            }
        }

        private func checkRows(_ requests: [ChaosLoad.Accepted], _ platform: Platform) async throws {
            let total = requests.reduce(0) { $0 + $1.names.count }
            let done = total - requests.reduce(0) { $0 + $1.missing.count }
            let expected = [
                ("public.activity_request", requests.count), ("public.delivery", requests.count),
                ("public.run_queue", total), ("public.run_queue where state = 'done'", done),
                ("public.run_request as q, unnest(q.run_ids) where q.state = 'done'", done),
                ("public.value", 5 * done),
            ]
            try await platform.database.expectRows(expected)
            #expect(try await platform.database.finishedTwice() == [])
        }

        /// Those that live are the only ones that were not given up, once the lease of whoever was killed last is over.
        private func checkWorkers(_ platform: Platform) async throws {
            let executors = [String](repeating: "weir-executor", count: ChaosPlan.counts[.executor] ?? 1)
            try await eventually("nobody but those that live") {
                try await platform.database.column(
                    String.self, "select service from public.worker where ended_at is null order by 1")
                    == ["weir-delivery"] + executors + ["weir-intake", "weir-processor"]
            }
        }

        private func report(_ requests: [ChaosLoad.Accepted], looks: Int, _ platform: Platform) async throws {
            let lost = try await platform.database.value(
                Int.self,
                "select count(*) from public.state_history where entity = 'run_queue' and substate = 'lease_expired'")
            // Otherwise nobody was hit in the middle of anything, and this was no test.
            #expect(lost > 0)
            let objects = requests.reduce(0) { $0 + $1.names.count }
            print(
                "chaos: \(requests.count) requests, \(objects) objects, \(platform.api.calls.values.reduce(0, +)) calls,",
                "\(lost) runs taken back; seen with claims after the end of a lease: at most \(looks) times in a row")
        }
    }
}

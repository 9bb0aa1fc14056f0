import Foundation
import JSON
import Testing

extension IntegrationTests {
    /// Any service is killed at any moment of a large workflow, and it ends as if nobody had been (fifty moments in `make test-chaos`, five in
    /// `make test`).
    @Suite("Chaos in workflows")
    struct WorkflowChaosTests {
        private static let patience = Duration.seconds(240)

        @Test func whoeverIsKilledAWorkflowEndsInTheSame() async throws {
            let plan = try WorkflowKillPlan(environment: ProcessInfo.processInfo.environment)
            print("chaos in workflows: \(plan)\n(WEIR_CHAOS_SEED=\(plan.seed) repeats the plan)")
            let (undisturbed, _) = try await outcome(of: [])
            try checkReference(undisturbed)
            var runsLost = 0
            for (number, kills) in plan.workflows.enumerated() {
                let (outcome, lost) = try await outcome(of: kills)
                runsLost += lost
                let what = "workflow \(number + 1), seed \(plan.seed)"
                #expect(outcome.conditions == undisturbed.conditions, "\(what)")
                for step in LargeWorkflow.steps {
                    // Whole results would fill the report.
                    let isSame = outcome.results[step] == undisturbed.results[step]
                    #expect(isSame, "\(what): the result of \(step) differs")
                }
            }
            // Otherwise nobody was hit in the middle of anything, and this was no test. A single workflow may be that lucky: a kill comes after
            // the absence of the one before.
            #expect(runsLost > 0 || !plan.workflows.joined().contains(where: \.breaksCalls))
        }

        /// Runs the workflow from beginning to end on services of its own, and checks what each has to hold.
        ///
        /// - Returns: what it came to, and how many runs were taken back from somebody who was killed.
        private func outcome(of kills: [WorkflowKillPlan.Kill]) async throws -> (WorkflowOutcome, runsLost: Int) {
            var outcome: (WorkflowOutcome, runsLost: Int)?
            let begin = ContinuousClock.now
            try await withPlatform(.init(lease: "2s")) { platform in
                let workflow = LargeWorkflow(platform: platform)
                try await workflow.prepare()
                let id = try await platform.client.submitWorkflow()
                for kill in kills { try await carryOut(kill, in: workflow) }
                try await eventually("the webhooks of the workflow's end", within: Self.patience) {
                    workflow.announcements == LargeWorkflow.endpoints.count
                }
                _ = try await platform.client.wait(forWorkflow: id, toBe: "delivered")
                try await eventually("no row that waits for anybody") {
                    try await platform.database.unfinishedRows().isEmpty
                }
                let seen = try await WorkflowOutcome(of: id, platform.client)
                check(platform.webhooks.received, seen)
                try await checkRows(platform)
                let lost = try await platform.database.value(
                    Int.self,
                    "select count(*) from public.state_history where entity = 'run_queue' and substate = 'lease_expired'"
                )
                print("chaos in workflows: \(kills.count) kills, \(lost) runs taken back")
                outcome = (seen, lost)
            }
            print("chaos in workflows: over in \(ContinuousClock.now - begin)")
            return try #require(outcome)
        }

        private func carryOut(_ kill: WorkflowKillPlan.Kill, in workflow: LargeWorkflow) async throws {
            try await eventually("\(kill)", within: Self.patience) { workflow.hasReached(kill) }
            // The plan's own times: what happens to the services is that they are killed at these moments, whatever they are doing.
            try await Task.sleep(for: kill.delay)
            try await workflow.platform.kill9(kill.service)
            try await Task.sleep(for: kill.absence)
            try await workflow.platform.start(kill.service)
        }

        // MARK: Afterwards

        /// What is compared with is right itself.
        private func checkReference(_ outcome: WorkflowOutcome) throws {
            let (objects, missing) = (LargeWorkflow.objects, LargeWorkflow.missing)
            func lines(_ step: String) -> [JSONValue] {
                (outcome.results[step] ?? []).split(separator: UInt8(ascii: "\n"))
                    .map { (try? JSONValue(parsing: Array($0))) ?? .null }
            }
            let names = (0..<objects).map { JSONValue.string("company \($0)") }
            #expect(lines("search").compactMap { $0["object"] } == names)
            let details = lines("details")
            #expect(details.compactMap { $0["object"] } == names)
            #expect(details.filter { $0["error"] != nil }.count == missing)
            let known = zip(names, details).filter { $1["error"] == nil }.map(\.0)
            let verdict = lines("verdict")
            #expect(verdict.compactMap { $0["object"] } == known && known.count == objects - missing)
            let qualified = verdict.filter { $0["qualified"] == true }.compactMap { $0["object"]?.stringValue }
            let large = known.compactMap(\.stringValue).filter { (Int($0.dropFirst(8)) ?? 0) % 300 >= 200 }
            #expect(qualified == large && !large.isEmpty)
        }

        /// One effective delivery for each endpoint and event: an inbox that goes by the id has each event once.
        private func check(_ hooks: [WebhookReceiver.Received], _ outcome: WorkflowOutcome) {
            #expect(hooks.allSatisfy { $0.fault == nil })
            for (id, copies) in Dictionary(grouping: hooks, by: \.id) {
                #expect(Set(copies.map(\.request.body)).count == 1, "\(id) came with different bodies")
                #expect(Set(copies.map(\.endpoint)).count == 1, "\(id) came to several endpoints")
            }
            let accepted = Dictionary(grouping: hooks.filter { $0.status == 200 }, by: \.endpoint)
            #expect(Set(accepted.keys) == Set(outcome.subjects.keys))
            #expect(Set(hooks.map(\.id)).count == outcome.subjects.count)
            for (endpoint, subject) in outcome.subjects {
                let own = accepted[endpoint] ?? []
                #expect(Set(own.map(\.id)).count == 1, "\(endpoint)")
                #expect(own.allSatisfy { $0.body["data"]?["request"]?.stringValue == subject }, "\(endpoint)")
            }
        }

        private func checkRows(_ platform: Platform) async throws {
            let (objects, missing) = (LargeWorkflow.objects, LargeWorkflow.missing)
            let expected = [
                ("public.workflow_request where state = 'delivered'", 1),
                ("public.activity_request where state = 'delivered'", LargeWorkflow.steps.count),
                (
                    "public.delivery where state = 'delivered'",
                    LargeWorkflow.steps.count + LargeWorkflow.endpoints.count
                ),
                ("public.delivery", LargeWorkflow.steps.count + LargeWorkflow.endpoints.count),
                ("public.object", objects), ("public.run_queue", LargeWorkflow.searches + 2 * objects - missing),
                ("public.run_queue where state = 'done'", LargeWorkflow.searches + 2 * (objects - missing)),
            ]
            try await platform.database.expectRows(expected)
            #expect(try await platform.database.finishedTwice() == [])
            #expect(try await platform.database.stateDifferences() == [])
        }
    }
}

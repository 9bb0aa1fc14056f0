import JSON
import Testing

extension IntegrationTests {
    /// Jobs at an API: submitted once, followed to their end, whatever dies on the way.
    @Suite("Jobs at APIs")
    struct JobTests {
        @Test func aJobIsSubmittedPolledFetchedAndCleanedUp() async throws {
            try await withJobs { platform, api in
                let id = try await platform.client.submit(["Abel", "Bebel", "Cebel"], activity: "order")
                let request = try await platform.client.wait(for: id, toBe: "done")
                #expect(request["runs"]?["done"] == 3 && request["plan"]?["calls"] == 1)
                let result = try await platform.client.get("/v1/activity-requests/\(id)/result").json
                #expect(
                    result["objects"]?.arrayValue?.map { $0["values"]?["legal_name"] } == [
                        "Abel GmbH", "Bebel GmbH", "Cebel GmbH",
                    ])
                try await eventually("the job's end") { try await platform.database.hasNoJobs() }
                #expect(api.submissions == 1)
                let job = try #require(api.jobs.first)
                #expect(job.names == ["Abel", "Bebel", "Cebel"])
                #expect(job.polls == 2 && job.fetched == 1 && job.cleaned == 1 && job.aborted == 0)
                let related = try await platform.database.column(
                    String.self, "select snapshot_id from public.snapshot_run_rel")
                #expect(related == ["job-1", "job-1", "job-1"])
                let states = try await platform.database.column(
                    String.self,
                    """
                    select h.to_state || coalesce(' ' || h.substate, '') from public.state_history as h
                    join public.run_request as q on q.id = h.entity_id order by h.at, h.sequence
                    """)
                #expect(states == ["in_progress", "waiting external_job", "in_progress", "done"])
                let waits = try await platform.client.timeline(of: id).filter {
                    $0["subject"] == "runs" && $0["to"] == "waiting"
                }
                #expect(waits.map { $0["reason"] } == ["the API has taken the job and works on it"])
            }
        }

        @Test func anotherExecutorGoesOnWhereAKilledOneWas() async throws {
            try await withJobs(executors: 2, lease: "5s") { platform, api in
                api.follow(.done(atPoll: 8))
                let id = try await platform.client.submit(["Abel"], activity: "order")
                try await eventually("a poll") { (api.jobs.first?.polls ?? 0) > 1 }
                try await platform.kill9(.executor, 0)
                try await eventually("more polls") { (api.jobs.first?.polls ?? 0) > 3 }
                try await platform.start(.executor, 0)
                try await platform.kill9(.executor, 1)
                _ = try await platform.client.wait(for: id, toBe: "done")
                #expect(api.submissions == 1 && api.jobs.count == 1)
            }
        }

        @Test(arguments: [true, false])
        func aKillInTheMiddleOfASubmissionIsSettledByItsKey(isTaken: Bool) async throws {
            try await withJobs(lease: "5s") { platform, api in
                if isTaken { api.gate.close(after: 0) } else { api.lose(1) }
                let id = try await platform.client.submit(["Abel"], activity: "order")
                try await eventually("the submission") { api.submissions == 1 }
                if isTaken {
                    try await platform.kill9(.executor)
                    api.gate.open()
                    try await platform.start(.executor)
                }
                let request = try await platform.client.wait(for: id, toBe: "done")
                #expect(request["runs"]?["done"] == 1)
                #expect(api.submissions == 2 && api.jobs.count == 1)
            }
        }

        @Test func aSubmissionOfWhichNobodyKnowsIsLookedUp() async throws {
            try await withJobs { platform, api in
                api.leaveUnanswered(1)
                let id = try await platform.client.submit(["Abel"], activity: "order_and_look_up")
                _ = try await platform.client.wait(for: id, toBe: "done")
                #expect(api.submissions == 1 && api.lookups == 1)
                // What the API does not know is submitted again.
                api.lose(1)
                let other = try await platform.client.submit(["Bebel"], activity: "order_and_look_up")
                _ = try await platform.client.wait(for: other, toBe: "done")
                #expect(api.submissions == 3 && api.lookups == 2 && api.jobs.count == 2)
            }
        }

        /// With a key of its own the next one would be another job.
        @Test func aRefusalOfTheSecondSubmissionSaysNothingOfTheFirst() async throws {
            try await withJobs { platform, api in
                api.leaveUnanswered(1)
                api.refuse(1)
                let id = try await platform.client.submit(["Abel"], activity: "order")
                _ = try await platform.client.wait(for: id, toBe: "done")
                #expect(api.submissions == 3 && api.jobs.count == 1)
            }
        }

        @Test func aSubmissionOfWhichNobodyKnowsFailsIfTheSourceSaysSo() async throws {
            try await withJobs { platform, api in
                api.leaveUnanswered(1)
                let id = try await platform.client.submit(["Abel"], activity: "order_once")
                let request = try await platform.client.wait(for: id, toBe: "failed")
                let failure = try #require(request["failures"]?[0])
                #expect(failure["substate"] == "submission_unknown")
                #expect(failure["reason"]?.stringValue?.contains("unknown_submission") == true)
                #expect(api.submissions == 1)
                try await eventually("the job's end") { try await platform.database.hasNoJobs() }
            }
        }

        @Test func aJobThatFailsSaysSoAndIsCleanedUp() async throws {
            try await withJobs { platform, api in
                api.follow(.fails)
                let id = try await platform.client.submit(["Abel"], activity: "order")
                let request = try await platform.client.wait(for: id, toBe: "failed")
                #expect(request["failures"]?[0]?["substate"] == "job_failed")
                #expect(request["failures"]?[0]?["reason"] == "the API's job ended as error")
                try await eventually("the job's end") { try await platform.database.hasNoJobs() }
                #expect(api.jobs.first?.cleaned == 1 && api.jobs.first?.aborted == 0)
            }
        }

        @Test(arguments: [("order_briefly", "job_deadline"), ("order_patiently", "job_stalled")])
        func aJobThatTakesTooLongIsGivenUpAndAborted(activity: String, substate: String) async throws {
            try await withJobs { platform, api in
                api.follow(activity == "order_briefly" ? .endless : .stuck)
                let id = try await platform.client.submit(["Abel"], activity: activity)
                let request = try await platform.client.wait(for: id, toBe: "timedout")
                #expect(request["failures"]?[0]?["substate"]?.stringValue == substate)
                try await eventually("the job's end") { try await platform.database.hasNoJobs() }
                #expect(api.jobs.first?.aborted == 1 && api.jobs.first?.cleaned == 1)
            }
        }

        @Test func aCancelledRequestAbortsItsJobs() async throws {
            try await withJobs { platform, api in
                api.follow(.endless)
                let id = try await platform.client.submit(["Abel", "Bebel"], activity: "order")
                try await eventually("a poll") { (api.jobs.first?.polls ?? 0) > 0 }
                _ = try await platform.client.post([:], to: "\(IntakeClient.requests)/\(id)/cancel")
                _ = try await platform.client.wait(for: id, toBe: "failed")
                try await eventually("the job's end") { try await platform.database.hasNoJobs() }
                #expect(api.jobs.first?.aborted == 1 && api.jobs.first?.cleaned == 1)
            }
        }

        @Test func aRequestThatIsCancelledDuringItsSubmissionAbortsItsJob() async throws {
            try await withJobs { platform, api in
                api.follow(.endless)
                api.gate.close(after: 0)
                let id = try await platform.client.submit(["Abel"], activity: "order")
                try await eventually("the submission") { api.submissions == 1 }
                _ = try await platform.client.post([:], to: "\(IntakeClient.requests)/\(id)/cancel")
                _ = try await platform.client.wait(for: id, toBe: "failed")
                // Longer than it takes an executor to see that.
                try await Task.sleep(for: .seconds(4))
                api.gate.open()
                try await eventually("the job's end") { try await platform.database.hasNoJobs() }
                #expect(api.jobs.first?.aborted == 1 && api.jobs.first?.cleaned == 1)
            }
        }

        @Test func anAPIThatCallsBackIsNotWaitedFor() async throws {
            try await withJobs { platform, api in
                api.follow(.done(atPoll: 1))
                let id = try await platform.client.submit(["Abel"], activity: "order_with_callback")
                let link = try await eventually("the address to call back") { api.jobs.first?.callback }
                var anybody = platform.client
                anybody.key = nil
                let forged = try await anybody.post(
                    [:], to: path(of: link.replacing("signature=", with: "signature=0")))
                #expect(forged.status == 403 && forged.code == "link_not_valid")
                #expect(api.jobs.first?.polls == 0)
                #expect(try await anybody.post([:], to: path(of: link)).status == 204)
                // Without it the first poll comes after ten minutes.
                _ = try await platform.client.wait(for: id, toBe: "done")
                #expect(api.jobs.first?.polls == 1)
                #expect(try await anybody.get(path(of: link)).status == 204, "a second call does no harm")
            }
        }

        @Test func jobsAreFollowedBesideASourceWithMoreWorkThanItMayDo() async throws {
            try await withJobs { platform, api in
                _ = try await platform.database.column(
                    Int64.self,
                    """
                    update public.source set setup = setup || '{"concurrency": 200}', version = version + 1 where key = 'registry'
                    returning version
                    """)
                platform.api.gate.close(after: 0)
                let many = try await platform.client.submit((0..<1_000).map { "o \($0)" }, activity: "quiet")
                try await eventually("calls up to the limit") { platform.api.meter.mostInFlight == 200 }
                let id = try await platform.client.submit(["Abel"], activity: "order")
                _ = try await platform.client.wait(for: id, toBe: "done")
                platform.api.gate.open()
                _ = try await platform.client.wait(for: many, toBe: "done")
            }
        }

        /// 1,000 of their jobs are due for longer.
        @Test func jobsOfASourceThatMayHardlyBeCalledDoNotStandBeforeThoseOfOthers() async throws {
            try await withJobs { platform, api in
                _ = try await platform.database.column(
                    Int64.self,
                    """
                    with slow as (
                        update public.source set setup = setup || '{"rate": {"calls": 1, "per_seconds": 3600}}', version = version + 1
                        where key = 'patient' returning owner_org_id, id
                    )
                    insert into public.external_job (org_id, run_request_id, source_id, phase, external_id, due_at)
                    select s.owner_org_id, utils.uuid_v7(), s.id, 'polling', 'job-0', clock_timestamp() - interval '1 hour'
                    from slow as s cross join generate_series(1, 1000) as n
                    returning 1::bigint
                    """)
                let id = try await platform.client.submit(["Abel"], activity: "order")
                _ = try await platform.client.wait(for: id, toBe: "done")
                #expect(api.submissions == 1)
                // They are of no exchange, and exist for this test alone.
                _ = try await platform.database.column(
                    Int64.self, "delete from public.external_job where external_id = 'job-0' returning 1::bigint")
            }
        }

        @Test func aCallbackInTheMiddleOfAPollIsHeard() async throws {
            try await withJobs { platform, api in
                api.follow(.done(atPoll: 2))
                api.polling.close(after: 0)
                let id = try await platform.client.submit(["Abel"], activity: "order_with_callback")
                let link = try path(of: await eventually("the address to call back") { api.jobs.first?.callback })
                try await eventually("the job's id") {
                    try await platform.database.value(
                        Bool.self, "select exists (select from public.external_job where phase = 'polling')")
                }
                #expect(try await platform.client.post([:], to: link).status == 204)
                try await eventually("a poll") { api.polling.heldBack == 1 }
                #expect(try await platform.client.post([:], to: link).status == 204)
                api.polling.open()
                // Were it not heard, the next poll would come after ten minutes.
                _ = try await platform.client.wait(for: id, toBe: "done")
                #expect(api.jobs.first?.polls == 2)
            }
        }

        private func path(of link: String) throws -> String {
            String(try #require(link.firstRange(of: "/v1/").map { link[$0.lowerBound...] }))
        }
    }
}

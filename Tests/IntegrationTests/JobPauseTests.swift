import JSON
import Testing

extension IntegrationTests {
    /// What keeps the steps of jobs from being taken, and what goes on all the same.
    @Suite("Jobs whose steps cannot be taken")
    struct JobPauseTests {
        @Test(arguments: ["poll", "fetch", "look-up", "abort"])
        func aPauseThatAStepMeetsIsOneOfTheSource(step: String) async throws {
            try await withJobs { platform, api in
                let isLookUp = step == "look-up"
                api.follow(step == "fetch" ? .done(atPoll: 1) : .endless)
                if step == "fetch" { api.answer(with: 429, onlyResults: true) }
                if isLookUp {
                    api.leaveUnanswered(1)
                    api.answer(with: 429)
                }
                let id = try await platform.client.submit(
                    ["Abel"], activity: isLookUp ? "order_and_look_up_at_a_moody_api" : "order_at_a_moody_api")
                if step == "poll" || step == "abort" {
                    try await eventually("a poll") { (api.jobs.first?.polls ?? 0) > 0 }
                }
                if step == "abort" {
                    // Between the polls: what a poll meets would pause it as well.
                    api.polling.close(after: 0)
                    try await eventually("a poll that is under way") { api.polling.heldBack == 1 }
                    _ = try await platform.client.post([:], to: "\(IntakeClient.requests)/\(id)/cancel")
                    _ = try await platform.client.wait(for: id, toBe: "failed")
                    api.answer(with: 429)
                    api.polling.open()
                } else if step == "poll" {
                    api.answer(with: 429)
                }
                let source = isLookUp ? "moody_looking" : "moody"
                try await eventually("the pause") { try await pause(of: source, platform)?.contains("quota") == true }
                api.answer(with: nil)
                if step != "fetch", step != "abort" { api.follow(.done(atPoll: 1)) }
                try await goOn(platform)
                if step != "abort" { _ = try await platform.client.wait(for: id, toBe: "done") }
                try await eventually("the job's end") { try await platform.database.hasNoJobs() }
                #expect(api.jobs.first?.aborted == (step == "abort" ? 1 : 0))
            }
        }

        @Test(arguments: [
            ("order_briefly_at_a_moody_api", "job_deadline"), ("order_patiently_at_a_moody_api", "job_stalled"),
        ])
        func theTimeOfAJobGoesOnWhileItsSourceIsPaused(activity: String, substate: String) async throws {
            try await withJobs { platform, api in
                api.follow(.stuck)
                let id = try await platform.client.submit(["Abel"], activity: activity)
                try await eventually("a poll") { (api.jobs.first?.polls ?? 0) > 0 }
                api.answer(with: 429)
                let request = try await platform.client.wait(for: id, toBe: "timedout")
                #expect(request["failures"]?[0]?["substate"]?.stringValue == substate)
                #expect(
                    try await platform.database.value(
                        Bool.self,
                        "select paused_until > clock_timestamp() from public.source where paused_until is not null"))
                // It is ended as soon as the API may be called.
                #expect(api.jobs.first?.aborted == 0)
                api.answer(with: nil)
                try await goOn(platform)
                try await eventually("the job's end") { try await platform.database.hasNoJobs() }
                #expect(api.jobs.first?.aborted == 1 && api.jobs.first?.cleaned == 1)
            }
        }

        /// One call submits it, one polls it; the next may begin half an hour later.
        @Test func theTimeOfAJobGoesOnWhileItsStepWaitsForItsTurn() async throws {
            try await withJobs { platform, api in
                api.follow(.endless)
                let id = try await platform.client.submit(["Abel"], activity: "order_briefly_at_a_slow_api")
                let request = try await platform.client.wait(for: id, toBe: "timedout")
                #expect(request["failures"]?[0]?["substate"] == "job_deadline")
                #expect(api.submissions == 1 && (api.jobs.first?.polls ?? 0) <= 1)
                try await platform.database.run("delete from public.external_job where phase = 'aborting'")
            }
        }

        /// One call submits it and one finds it done; what asks for its result may begin half an hour later.
        @Test func theTimeOfAJobEndsAStepThatWaitsForAFurtherCall() async throws {
            try await withJobs { platform, api in
                api.follow(.done(atPoll: 1))
                let id = try await platform.client.submit(["Abel"], activity: "order_briefly_at_a_slow_api")
                try await eventually("the poll") { api.jobs.first?.polls == 1 }
                let request = try await platform.client.wait(for: id, toBe: "timedout")
                #expect(request["failures"]?[0]?["substate"] == "job_deadline")
                #expect(api.submissions == 1 && api.jobs.first?.polls == 1 && api.jobs.first?.fetched == 0)
                try await platform.database.run("delete from public.external_job where phase = 'aborting'")
            }
        }

        @Test func jobsOfASourceThatCannotBeReadWaitWithAReasonAndGoOn() async throws {
            try await withJobs { platform, api in
                api.follow(.endless)
                let id = try await platform.client.submit(["Abel"], activity: "order")
                let other = try await platform.client.submit(["Bebel"], activity: "order_briefly")
                try await eventually("a poll") { (api.jobs.first?.polls ?? 0) > 0 }
                try await spoil("plain", platform)
                let reason = try await eventually("the reason") {
                    try await platform.database.column(
                        String?.self, "select state_reason from public.run_queue where state = 'waiting'"
                    ).compactMap(\.self).first { $0.contains("cannot be used as it is stored") }
                }
                #expect(reason.hasSuffix("apply its catalogue again"))
                // It keeps nobody else from being followed.
                _ = try await platform.client.wait(for: other, toBe: "timedout")
                try await platform.database.run(
                    "update public.source set setup = setup || jsonb_build_object('job', setup -> 'kept'), version = version + 1 where key = 'plain'"
                )
                try await platform.database.run(
                    "update public.external_job set due_at = clock_timestamp() where worker_id is null")
                try await eventually("the end of the reason") {
                    try await platform.database.value(
                        Bool.self,
                        "select not exists (select from public.run_queue where state_reason like '%as it is stored%' and state = 'waiting')"
                    )
                }
                api.follow(.done(atPoll: 1))
                _ = try await platform.client.wait(for: id, toBe: "done")
                try await eventually("the job's end") { try await platform.database.hasNoJobs() }
            }
        }

        @Test func jobsOfASourceThatStaysUnreadableEnd() async throws {
            try await withJobs { platform, api in
                api.follow(.endless)
                let id = try await platform.client.submit(["Abel"], activity: "order")
                try await eventually("a poll") { (api.jobs.first?.polls ?? 0) > 0 }
                try await spoil("plain", platform)
                try await eventually("the reason") {
                    try await platform.database.value(
                        Bool.self,
                        "select state_reason like '%as it is stored%' from public.run_queue where state = 'waiting'")
                }
                try await platform.database.run(
                    "update public.external_job set submitted_at = submitted_at - interval '2 hours' where worker_id is null"
                )
                let request = try await platform.client.wait(for: id, toBe: "timedout")
                #expect(request["failures"]?[0]?["substate"] == "job_deadline")
                #expect(request["failures"]?[0]?["reason"]?.stringValue?.contains("as it is stored") == true)
                try await eventually("the job's end") {
                    // Each of its tries to end it comes half a minute after the one before.
                    try await platform.database.run(
                        "update public.external_job set due_at = clock_timestamp() where worker_id is null")
                    return try await platform.database.hasNoJobs()
                }
            }
        }

        /// As something that writes past the catalogue could.
        private func spoil(_ source: String, _ platform: Platform) async throws {
            try await platform.database.run(
                """
                update public.source
                set setup = setup || jsonb_build_object('kept', setup -> 'job', 'job', '{"deadline_seconds": "soon"}'::jsonb),
                    version = version + 1
                where key = '\(source)'
                """)
        }

        private func pause(of source: String, _ platform: Platform) async throws -> String? {
            try await platform.database.column(
                String.self,
                "select paused_reason from public.source where key = $1 and paused_until > clock_timestamp() + interval '59 minutes'",
                source
            ).first
        }

        /// Ends all pauses.
        private func goOn(_ platform: Platform) async throws {
            try await platform.database.run("update public.source set paused_until = null")
            try await platform.database.run(
                "update public.external_job set due_at = clock_timestamp() where worker_id is null")
        }
    }
}

import Contracts
import Sources
import Store
import Testing

extension IntegrationTests {
    /// What is recorded of steps of jobs, with the statements of the services and without any.
    @Suite("Recording steps of jobs")
    struct JobRecordTests {
        /// When the answer to a commit is lost it is recorded again, while the next step is under way already.
        @Test func whatIsRecordedAgainIsNoPartOfTheNextStep() async throws {
            let database = try await TestDatabase.make()
            let request = try await StoredRequest(database)
            try await request.expand()
            let exchange = try #require(try await request.claimRuns().first)
            let (jobs, worker) = (JobStore(pool: database.pool), request.worker)
            #expect(try await jobs.begin([exchange.id], worker: worker) == [exchange.id])
            let submission = SubmittedJob(
                claim: .first(of: exchange.id), externalID: "job-1", pollAfter: .zero, calls: [call])
            try await jobs.record([submission], worker: worker)

            func claim() async throws -> DueJob {
                try #require(try await jobs.claim(worker: worker, limit: 10, limitOfSource: 10).first)
            }
            let first = try await claim()
            let step = JobProgress(claim: first.claim, after: .zero, progress: "half", isFailure: true, calls: [call])
            try await jobs.record([step], worker: worker)
            let second = try await claim()
            #expect(second.claim.number == first.claim.number + 1 && second.tries == 1)

            let paused = JobProgress(
                claim: first.claim, after: .zero, isFailure: true,
                pause: SourcePause(duration: .seconds(60), reason: "a"))
            try await jobs.record([step, paused], worker: worker)
            try await jobs.record([submission], worker: worker)
            try await jobs.record(
                [UnknownSubmission(claim: first.claim, reason: "lost", after: .zero, calls: [call])], worker: worker)
            try await jobs.resume([(first.claim, calls: [call])], worker: worker)
            try await jobs.giveBack([first.claim], worker: worker, after: .zero, because: "lost")
            try await jobs.end([first.claim], worker: worker)
            let standing = try await database.column(
                String.self,
                """
                select concat_ws(' ', j.worker_id = $1, j.claim, j.phase, j.polls, j.tries, j.log_lines,
                                 (select count(*) from public.run_log), q.state, s.paused_until, q.state_reason)
                from public.external_job as j
                join public.run_request as q on q.id = j.run_request_id
                join public.source as s on s.id = j.source_id
                """, worker)
            #expect(standing == ["t 3 polling 1 1 2 2 waiting the API has taken the job and works on it"])

            try await jobs.record([JobProgress(claim: second.claim, after: .zero)], worker: worker)
            #expect(try await claim().tries == 0)
            try await database.remove()
        }

        /// A worker that gives a job back and claims it anew before it has heard of the first, knows of the second all the same; and the other
        /// way round.
        @Test func whatAWorkerHoldsWithoutKnowingIsReleasedByItsClaim() async throws {
            let database = try await TestDatabase.make()
            let request = try await StoredRequest(database)
            try await request.expand()
            let exchange = try #require(try await request.claimRuns().first)
            let (jobs, worker) = (JobStore(pool: database.pool), request.worker)
            _ = try await jobs.begin([exchange.id], worker: worker)
            try await jobs.record(
                [SubmittedJob(claim: .first(of: exchange.id), externalID: "job-1", pollAfter: .zero, calls: [])],
                worker: worker)
            let due = try await jobs.claim(worker: worker, limit: 10, limitOfSource: 10)
            let claim = try #require(due.first?.claim)
            func isHeld() async throws -> Bool {
                try await database.value(Bool.self, "select worker_id is not null from public.external_job")
            }
            try await jobs.release(allBut: [.first(of: exchange.id), claim], worker: worker)
            #expect(try await isHeld())
            try await jobs.release(allBut: [.first(of: exchange.id)], worker: worker)
            #expect(try await !isHeld())
            try await database.remove()
        }

        private var call: CallLog { CallLog(method: "GET", url: "http://127.0.0.1:1", milliseconds: 1) }
    }
}

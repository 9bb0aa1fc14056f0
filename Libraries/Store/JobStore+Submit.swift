import Contracts
import Postgres
import Sources

/// A job that an API has taken.
public struct SubmittedJob: Sendable {
    /// Under which it was submitted or found.
    public let claim: JobClaim
    /// Its id at the API.
    public let externalID: String
    /// Until its first poll.
    public let pollAfter: Duration
    /// The HTTP calls that it took.
    public let calls: [CallLog]

    /// A job that an API has taken.
    public init(claim: JobClaim, externalID: String, pollAfter: Duration, calls: [CallLog]) {
        self.claim = claim
        self.externalID = externalID
        self.pollAfter = pollAfter
        self.calls = calls
    }
}

/// A submission of which nobody knows whether it arrived.
public struct UnknownSubmission: Sendable {
    /// Under which it was made or looked into.
    public let claim: JobClaim
    /// Why nobody knows, a sentence for people.
    public let reason: String
    /// Until somebody looks into it.
    public let after: Duration
    /// Set when the source is paused.
    public let pause: SourcePause?
    /// The HTTP calls that it took.
    public let calls: [CallLog]

    /// A submission of which nobody knows whether it arrived.
    public init(claim: JobClaim, reason: String, after: Duration, pause: SourcePause? = nil, calls: [CallLog]) {
        self.claim = claim
        self.reason = reason
        self.after = after
        self.pause = pause
        self.calls = calls
    }
}

extension JobStore {
    private static let begin = Statement(
        "job.begin",
        """
        insert into public.external_job (org_id, run_request_id, source_id, phase, worker_id)
        select q.org_id, q.id, q.source_id, 'submitting', $1
        from unnest($2::uuid[]) as i(id)
        join public.run_request as q on q.id = i.id
        where q.worker_id is not distinct from $1 and q.state is not distinct from 'in_progress'
        -- Noted already, when the answer to that was lost.
        on conflict (run_request_id, org_id) do update set worker_id = excluded.worker_id
        where external_job.worker_id is not distinct from excluded.worker_id and external_job.phase = 'submitting'
        returning run_request_id
        """)

    private static let submitted = Statement(
        "job.submitted",
        """
        with job as (
            update public.external_job as j
            set phase = 'polling', external_id = i.external_id, worker_id = null, tries = 0,
                submitted_at = clock_timestamp(), progressed_at = clock_timestamp(),
                due_at = case when j.called_back_at is null then clock_timestamp() + make_interval(secs => i.seconds)
                              else clock_timestamp() end
            from unnest($2::uuid[], $3::int[], $4::text[], $5::double precision[]) as i(id, claim, external_id, seconds)
            where j.run_request_id = i.id and j.claim = i.claim and j.worker_id is not distinct from $1
            returning j.org_id, j.run_request_id, j.source_id, j.external_id
        ), exchange as (
            update public.run_request as q
            set state = 'waiting', state_substate = 'external_job', state_reason = $6, worker_id = null
            from job as j
            where q.id = j.run_request_id and q.state in ('in_progress', 'waiting')
            returning q.org_id, q.id, q.run_ids
        ), related as (
            insert into public.snapshot_run_rel (org_id, snapshot_id, run_id, source_id, run_request_id)
            select j.org_id, j.external_id, u.id, j.source_id, j.run_request_id
            from job as j
            join exchange as e on e.id = j.run_request_id
            cross join unnest(e.run_ids) as u(id)
            on conflict do nothing
        )
        update public.run_queue as r
        set state = 'waiting', state_substate = 'external_job', state_reason = $6, worker_id = null, due_at = 'infinity'
        from exchange as e
        cross join unnest(e.run_ids) as u(id)
        where r.id = u.id and r.run_request_id is not distinct from e.id and r.state in ('in_progress', 'waiting')
        """)

    private static let unknown = Statement(
        "job.unknown",
        """
        with job as (
            update public.external_job as j
            set phase = 'unknown', worker_id = null, tries = j.tries + 1,
                due_at = clock_timestamp() + make_interval(secs => i.seconds)
            from unnest($2::uuid[], $3::int[], $4::text[], $5::double precision[]) as i(id, claim, reason, seconds)
            where j.run_request_id = i.id and j.claim = i.claim and j.worker_id is not distinct from $1
            returning j.run_request_id, i.reason
        ), exchange as (
            update public.run_request as q
            set state = 'waiting', state_substate = 'submission_unknown', state_reason = j.reason, worker_id = null
            from job as j
            where q.id = j.run_request_id and q.state in ('in_progress', 'waiting')
            returning q.org_id, q.id, q.run_ids, j.reason
        )
        update public.run_queue as r
        set state = 'waiting', state_substate = 'submission_unknown', state_reason = e.reason, worker_id = null, due_at = 'infinity'
        from exchange as e
        cross join unnest(e.run_ids) as u(id)
        where r.id = u.id and r.run_request_id is not distinct from e.id and r.state in ('in_progress', 'waiting')
        """)

    /// Notes that exchanges are about to be submitted: from now on a submission may be under way, under the first claim of each.
    ///
    /// - Returns: those that are still this worker's; nothing may be sent for the others.
    public func begin(_ exchanges: [RunRequestID], worker: WorkerID) async throws(PostgresError) -> Set<RunRequestID> {
        Set(try await pool.execute(Self.begin, worker, exchanges).ids())
    }

    /// Stores the ids that jobs have at their APIs; their runs wait for them.
    public func record(_ jobs: [SubmittedJob], worker: WorkerID) async throws(PostgresError) {
        let claims = jobs.map(\.claim)
        var pipeline = Pipeline()
        Self.add(log: jobs.map { ($0.claim, $0.calls) }, worker: worker, to: &pipeline)
        pipeline.add(
            Self.submitted, worker, claims.exchanges, claims.numbers, jobs.map(\.externalID),
            jobs.map(\.pollAfter.inSeconds), Self.followed)
        _ = try await pool.run(pipeline)
    }

    /// Stores that nobody knows whether submissions arrived; somebody looks into it later.
    public func record(_ submissions: [UnknownSubmission], worker: WorkerID) async throws(PostgresError) {
        let claims = submissions.map(\.claim)
        var pipeline = Pipeline()
        Self.add(pauses: submissions.map { ($0.claim, $0.pause) }, worker: worker, to: &pipeline)
        Self.add(log: submissions.map { ($0.claim, $0.calls) }, worker: worker, to: &pipeline)
        pipeline.add(
            Self.unknown, worker, claims.exchanges, claims.numbers, submissions.map(\.reason),
            submissions.map(\.after.inSeconds))
        _ = try await pool.run(pipeline)
    }
}

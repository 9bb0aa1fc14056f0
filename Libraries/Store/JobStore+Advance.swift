import Contracts
import Postgres
import Sources

/// What a step of a job came to that leaves something to do.
public struct JobProgress: Sendable {
    /// Under which the step was taken.
    public let claim: JobClaim
    /// Until its next step.
    public let after: Duration
    /// How far it has come; nil when nobody knows, as when the step failed.
    public let progress: String?
    /// Where it stands now; nil when that has not changed.
    public let phase: DueJob.Phase?
    /// Whether the step failed.
    public let isFailure: Bool
    /// Set when the source is paused.
    public let pause: SourcePause?
    /// The HTTP calls worth a line: not those that say nothing new.
    public let calls: [CallLog]

    /// What a step came to.
    public init(
        claim: JobClaim, after: Duration, progress: String? = nil, phase: DueJob.Phase? = nil,
        isFailure: Bool = false, pause: SourcePause? = nil, calls: [CallLog] = []
    ) {
        self.claim = claim
        self.after = after
        self.progress = progress
        self.phase = phase
        self.isFailure = isFailure
        self.pause = pause
        self.calls = calls
    }
}

extension JobStore {
    private static let advance = Statement(
        "job.advance",
        """
        update public.external_job as j
        set worker_id = null,
            due_at = clock_timestamp()
                + make_interval(secs => case when j.called_back_at is null or i.failed then i.seconds else 0 end),
            phase = coalesce(i.phase, j.phase),
            -- Those of another phase are no tries of this one.
            tries = case when i.failed then case when i.phase <> j.phase then 0 else j.tries end + 1 else 0 end,
            polls = j.polls + (j.phase = 'polling' and i.phase is null)::int,
            progressed_at = case when i.progress is distinct from j.progress and i.progress is not null
                                 then clock_timestamp() else j.progressed_at end,
            progress = coalesce(i.progress, j.progress)
        from unnest($2::uuid[], $3::int[], $4::double precision[], $5::text[], $6::text[], $7::boolean[])
            as i(id, claim, seconds, progress, phase, failed)
        where j.run_request_id = i.id and j.claim = i.claim and j.worker_id is not distinct from $1
        """)

    private static let resume = Statement(
        "job.resume",
        """
        with job as materialized (
            select j.run_request_id as id from unnest($2::uuid[], $3::int[]) as i(id, claim)
            join public.external_job as j on j.run_request_id = i.id
            where j.claim = i.claim and j.worker_id is not distinct from $1
        ), exchange as (
            update public.run_request as q
            set state = 'in_progress', state_substate = null, state_reason = null, worker_id = $1
            from job as j
            where q.id = j.id and q.state is not distinct from 'waiting'
            returning q.id, q.run_ids
        )
        update public.run_queue as r
        set state = 'in_progress', state_substate = null, state_reason = null, worker_id = $1, due_at = null
        from exchange as e
        cross join unnest(e.run_ids) as u(id)
        where r.id = u.id and r.run_request_id is not distinct from e.id and r.state is not distinct from 'waiting'
        """)

    private static let giveBack = Statement(
        "job.give_back",
        """
        update public.external_job as j
        set worker_id = null, due_at = clock_timestamp() + make_interval(secs => $4)
        from unnest($2::uuid[], $3::int[]) as i(id, claim)
        where j.run_request_id = i.id and j.claim = i.claim and j.worker_id is not distinct from $1
        """)

    private static let release = Statement(
        "job.release",
        """
        update public.external_job as j set worker_id = null
        where j.worker_id = $1 and j.phase <> 'submitting'
          and not exists (select from unnest($2::uuid[], $3::int[]) as k(id, claim)
                          where k.id = j.run_request_id and k.claim = j.claim)
        """)

    private static let end = Statement(
        "job.end",
        """
        delete from public.external_job as j
        using unnest($2::uuid[], $3::int[]) as i(id, claim)
        where j.run_request_id = i.id and j.claim = i.claim and j.worker_id is not distinct from $1
        """)

    private static let callBack = Statement(
        "job.call_back",
        """
        update public.external_job set due_at = clock_timestamp(), called_back_at = clock_timestamp()
        where run_request_id = $1 and phase in ('submitting', 'unknown', 'polling')
        returning org_id, source_id
        """)

    /// Stores what steps came to; the jobs are free again.
    ///
    /// - Parameter heldBack: those whose runs were told that their job cannot be followed, which is not so any more.
    public func record(
        _ steps: [JobProgress], heldBack: Set<JobClaim> = [], worker: WorkerID
    ) async throws(PostgresError) {
        let claims = steps.map(\.claim)
        var pipeline = Pipeline()
        Self.add(pauses: steps.map { ($0.claim, $0.pause) }, worker: worker, to: &pipeline)
        Self.add(log: steps.map { ($0.claim, $0.calls) }, worker: worker, to: &pipeline)
        Self.add(
            reasons: claims.map { ($0, heldBack.contains($0) ? Self.followed : nil) }, worker: worker,
            to: &pipeline)
        pipeline.add(
            Self.advance, worker, claims.exchanges, claims.numbers, steps.map(\.after.inSeconds),
            steps.map(\.progress), steps.map { $0.phase?.rawValue }, steps.map(\.isFailure))
        _ = try await pool.run(pipeline)
    }

    /// Makes exchanges that waited for their jobs this worker's own, as if it had just called: their answer, or that there is none, is
    /// recorded as any other's.
    ///
    /// - Parameter calls: lines of the log that belong to it, by claim.
    public func resume(_ jobs: [(JobClaim, calls: [CallLog])], worker: WorkerID) async throws(PostgresError) {
        let claims = jobs.map(\.0)
        var pipeline = Pipeline()
        Self.add(log: jobs.map { ($0.0, $0.calls) }, worker: worker, to: &pipeline)
        pipeline.add(Self.resume, worker, claims.exchanges, claims.numbers)
        _ = try await pool.run(pipeline)
    }

    /// Forgets jobs of which nothing is left to do.
    public func end(_ claims: [JobClaim], worker: WorkerID) async throws(PostgresError) {
        _ = try await pool.execute(Self.end, worker, claims.exchanges, claims.numbers)
    }

    /// Gives jobs back whose step was not taken.
    ///
    /// - Parameter reason: what their runs are told when it cannot be taken as things stand; nil: they wait as before.
    public func giveBack(
        _ claims: [JobClaim], worker: WorkerID, after: Duration, because reason: String? = nil
    ) async throws(PostgresError) {
        var pipeline = Pipeline()
        Self.add(reasons: claims.map { ($0, reason) }, worker: worker, to: &pipeline)
        pipeline.add(Self.giveBack, worker, claims.exchanges, claims.numbers, after.inSeconds)
        _ = try await pool.run(pipeline)
    }

    /// Gives back what a worker holds and does not know of, since the answer to a claim was lost.
    ///
    /// - Parameter known: what it knows that it holds.
    public func release(allBut known: [JobClaim], worker: WorkerID) async throws(PostgresError) {
        _ = try await pool.execute(Self.release, worker, known.exchanges, known.numbers)
    }

    /// The API says that something has happened to a job: it is looked at at once.
    ///
    /// - Returns: the source; nil when there is no such job, or nothing to wait for.
    public func callBack(_ exchange: RunRequestID) async throws(PostgresError) -> ReadySource? {
        guard let row = try await pool.execute(Self.callBack, exchange).first else { return nil }
        let (org, source) = try row.decode((OrgID, SourceID).self)
        return ReadySource(org: org, source: source)
    }
}

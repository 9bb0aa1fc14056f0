import Contracts
import Postgres
import Sources

/// A job of which a step is due, held by this worker.
public struct DueJob: Sendable {
    /// Where it stands.
    public enum Phase: String, Sendable {
        /// Its submission may be under way elsewhere.
        case submitting
        /// Nobody knows whether its submission arrived.
        case unknown
        /// It has an id at the API.
        case polling
        /// Nobody wants its result any more.
        case aborting
        /// Its result is stored, or there is none.
        case cleaning
    }

    /// The tenant.
    public let org: OrgID
    /// Under which it is held.
    public let claim: JobClaim
    /// The source whose API it runs at.
    public let source: SourceID
    /// The version of the source when it was claimed.
    public let sourceVersion: Int64
    /// Where it stands.
    public let phase: Phase
    /// Its id at the API.
    public let externalID: String?
    /// The state of the exchange: `waiting` or `in_progress` as long as anybody wants it.
    public let exchangeState: String
    /// Since its submission, at ``measuredAt``.
    public var age: Duration
    /// Since it got further, at ``measuredAt``.
    public var stillness: Duration
    /// For when its age is told: at first when it was claimed.
    public var measuredAt: ContinuousClock.Instant
    /// How far it had come at the last poll.
    public let progress: String?
    /// How often it has been polled.
    public let polls: Int
    /// Steps that failed in a row.
    public let tries: Int
    /// Whether its runs were told that it cannot be followed.
    public let isHeldBack: Bool
    /// The runs that it serves and that still wait for it.
    public var runs: [ClaimedRun] = []

    /// The exchange that it is for.
    public var exchange: RunRequestID { claim.exchange }

    /// The job as it is now: its step may have waited for its turn.
    public func aged(_ now: ContinuousClock.Instant) -> DueJob {
        var job = self
        job.age += now - measuredAt
        job.stillness += now - measuredAt
        job.measuredAt = now
        return job
    }

    /// When it will have that age.
    public func moment(ofAge age: Duration) -> ContinuousClock.Instant { measuredAt + (age - self.age) }
}

extension JobStore {
    // Sources with jobs that nobody holds, one look-up each.
    private static let source = """
        source as (
            (select j.source_id from public.external_job as j where j.worker_id is null order by j.source_id limit 1)
            union all
            select n.source_id from source as s
            cross join lateral (
                select j.source_id from public.external_job as j
                where j.worker_id is null and j.source_id > s.source_id
                order by j.source_id limit 1
            ) as n
        )
        """

    // Without those that are paused, and those of which the caller has enough.
    private static func callable(except: String) -> String {
        """
        \(source), next as materialized (
            select s.source_id from source as s
            where s.source_id <> all (\(except))
              and not exists (select from public.source as p
                              where p.id = s.source_id and p.paused_until > (select clock_timestamp()))
        )
        """
    }

    // Of the candidates in `c`, those that nobody takes meanwhile.
    private static func take(_ candidates: String) -> String {
        """
        alive as materialized (
            -- Held until the commit, so that a worker is never released in the middle of a claim of its own.
            select from public.worker as w where w.id = $1 and w.ended_at is null for key share
        ), due as materialized (
            select j.run_request_id
            from (\(candidates)) as c
            join public.external_job as j on j.run_request_id = c.run_request_id
            where j.worker_id is null and exists (select from alive)
            for no key update of j skip locked
        )
        -- A callback has been heard by this; one that comes in the middle of the step asks for another.
        update public.external_job as j
        set worker_id = $1, claim = j.claim + 1, called_back_at = null
        from due as d
        where j.run_request_id = d.run_request_id
        returning j.org_id, j.run_request_id, j.claim, j.source_id,
            (select s.version from public.source as s where s.id = j.source_id), j.phase, j.external_id,
            coalesce((select q.state::text from public.run_request as q where q.id = j.run_request_id), 'failed'),
            extract(epoch from clock_timestamp() - coalesce(j.submitted_at, j.created_at))::double precision,
            extract(epoch from clock_timestamp() - coalesce(j.progressed_at, j.created_at))::double precision,
            j.progress, j.polls, j.tries,
            exists (select from public.run_request as q
                    where q.id = j.run_request_id and q.state_substate = 'external_job' and q.state_reason <> '\(followed)')
        """
    }

    private static let claim = Statement(
        "job.claim",
        """
        with recursive \(callable(except: "$3")),
        \(take("""
            select j.run_request_id from next as n
            cross join lateral (
                select j.run_request_id, j.due_at from public.external_job as j
                where j.worker_id is null and j.source_id = n.source_id and j.due_at <= (select clock_timestamp())
                order by j.due_at
                limit $4
            ) as j
            order by j.due_at
            limit $2
            """))
        """)

    // What a source that cannot be read says of its jobs must not keep those of others from being found: numbers only, and within the
    // bounds that the catalogue has.
    private static func seconds(_ key: String) -> String {
        """
        case when jsonb_typeof(s.setup #> '{job,\(key)}') = 'number'
             then make_interval(secs => greatest(least((s.setup #>> '{job,\(key)}')::numeric, \(Self.jobSecondsMax)), 0)::double precision) end
        """
    }

    // The moments are worked out first: each is a condition of an index then.
    private static let claimOverdue = Statement(
        "job.claim_overdue",
        """
        with recursive \(source), limited as materialized (
            select s.id as source_id,
                   n.now - coalesce(\(seconds("deadline_seconds")), make_interval(secs => \(Self.deadlineSecondsStandard))) as submitted,
                   n.now - \(seconds("no_progress_seconds")) as progressed
            from source as f
            join public.source as s on s.id = f.source_id
            cross join (select clock_timestamp() as now) as n
        ),
        \(take("""
            select j.run_request_id from limited as l
            cross join lateral (
                (select j.run_request_id from public.external_job as j
                 where j.worker_id is null and j.phase in ('submitting', 'unknown', 'polling')
                   and j.source_id = l.source_id and coalesce(j.submitted_at, j.created_at) <= l.submitted
                 limit $2)
                union
                (select j.run_request_id from public.external_job as j
                 where j.worker_id is null and j.phase = 'polling'
                   and j.source_id = l.source_id and coalesce(j.progressed_at, j.created_at) <= l.progressed
                 limit $2)
            ) as j
            limit $2
            """))
        """)

    /// The longest that a job may be given, and what it is given unless its source says otherwise.
    private static let jobSecondsMax = SourceBounds.jobMilliseconds.upperBound / 1000
    private static let deadlineSecondsStandard = AsynchronousJob.deadlineMillisecondsStandard / 1000

    private static let runs = Statement(
        "job.runs",
        """
        with exchange as materialized (
            select q.id, q.run_ids from unnest($1::uuid[]) as i(id) join public.run_request as q on q.id = i.id
        ), run as materialized (
            select e.id as exchange, r.id, r.attempt, r.activity_request_id, r.position, r.object_id
            from exchange as e
            cross join unnest(e.run_ids) as u(id)
            join public.run_queue as r on r.id = u.id
            where r.run_request_id is not distinct from e.id and r.state in ('waiting', 'in_progress')
        )
        select r.exchange, r.id, r.attempt, r.activity_request_id, case when r.object_id is not null then o.name end
        from run as r
        left join public.request_object as o
          on o.activity_request_id = r.activity_request_id and o.position = r.position
        order by r.exchange, r.id
        """)

    private static let next = Statement(
        "job.next",
        """
        with recursive \(callable(except: "$1"))
        select extract(epoch from min(j.due_at) - clock_timestamp())::double precision
        from next as n
        cross join lateral (
            select j.due_at from public.external_job as j
            where j.worker_id is null and j.source_id = n.source_id
            order by j.due_at limit 1
        ) as j
        """)

    /// Takes jobs of which a step is due, those first that are due for longest; none of a source that is paused.
    ///
    /// - Parameters:
    ///   - limit: how many.
    ///   - limitOfSource: how many of each source, so that one that may hardly be called does not stand before all others.
    ///   - except: sources of which none is wanted.
    public func claim(
        worker: WorkerID, limit: Int, limitOfSource: Int, except: [SourceID] = []
    ) async throws(PostgresError) -> [DueJob] {
        try await due(pool.execute(Self.claim, worker, limit, except, limitOfSource))
    }

    /// Takes jobs whose time is over, whether or not their source may be called: they had as long as it gives them, or have not got any
    /// further for as long as they may.
    ///
    /// - Parameter limit: how many.
    public func claimOverdue(worker: WorkerID, limit: Int) async throws(PostgresError) -> [DueJob] {
        try await due(pool.execute(Self.claimOverdue, worker, limit))
    }

    private func due(_ rows: QueryResult) async throws(PostgresError) -> [DueJob] {
        var jobs: [DueJob] = []
        let now = ContinuousClock.now
        for row in rows {
            let (
                org, exchange, claim, source, version, phase, externalID, state, age, stillness, progress, polls, tries,
                isHeldBack
            ) = try row.decode(
                (
                    OrgID, RunRequestID, Int32, SourceID, Int64?, String, String?, String, Double, Double, String?,
                    Int32, Int32, Bool
                ).self)
            jobs.append(
                DueJob(
                    org: org, claim: JobClaim(exchange: exchange, number: Int(claim)), source: source,
                    sourceVersion: version ?? 0, phase: DueJob.Phase(rawValue: phase) ?? .cleaning,
                    externalID: externalID, exchangeState: state, age: .seconds(age), stillness: .seconds(stillness),
                    measuredAt: now, progress: progress, polls: Int(polls), tries: Int(tries), isHeldBack: isHeldBack))
        }
        if jobs.isEmpty { return [] }
        var runs: [RunRequestID: [ClaimedRun]] = [:]
        for row in try await pool.execute(Self.runs, jobs.map(\.exchange)) {
            let (exchange, id, attempt, request, name) = try row.decode(
                (RunRequestID, RunID, Int32, ActivityRequestID, String?).self)
            runs[exchange, default: []].append(
                ClaimedRun(id: id, attempt: Int(attempt), request: request, objectName: name))
        }
        for index in jobs.indices { jobs[index].runs = runs[jobs[index].exchange] ?? [] }
        return jobs
    }

    /// Until the next step of any job is due that ``claim(worker:limit:limitOfSource:except:)`` would take; nil when there is none.
    public func nextDue(except: [SourceID] = []) async throws(PostgresError) -> Duration? {
        try await pool.execute(Self.next, except).first?.decode(Double?.self, at: 0).map { .seconds($0) }
    }
}

import Contracts
import Postgres

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Taking work back from the dead, and waking what is due.
public struct SweepStore: Sendable {
    private let pool: PostgresPool

    /// Statements run on the scheduler's own pool.
    public init(pool: PostgresPool) {
        self.pool = pool
    }

    // After a restart of the server every worker has one lease's time to come back. A statement that has waited through an
    // outage comes too late: by the server's clock, which does not wait.
    private static let expire = Statement(
        "sweep.expire_workers",
        """
        update public.worker
        set ended_at = clock_timestamp(), ended_reason = 'silent for longer than its lease'
        where released_at is null and ended_at is null
          and clock_timestamp() > greatest(heartbeat_at, pg_postmaster_start_time()) + lease
          and clock_timestamp() <= $1::timestamptz + make_interval(secs => $2)
        """)

    private static let time = Statement("sweep.time", "select clock_timestamp()")

    private static let ended = Statement(
        "sweep.ended_workers",
        """
        select id from public.worker
        where released_at is null and ended_at is not null
        order by id
        limit 100
        for update skip locked
        """)

    // Before the runs are released: what waits for a job goes on doing so, and of a submission that may have been under way nobody knows
    // whether it arrived.
    private static let releaseJobs = Statement(
        "sweep.release_jobs",
        """
        with job as (
            update public.external_job as j
            set worker_id = null, due_at = clock_timestamp(),
                -- Should it be what ends executors, that is not tried for ever.
                tries = j.tries + (j.phase in ('submitting', 'unknown'))::int,
                phase = case j.phase when 'submitting' then 'unknown' else j.phase end
            from unnest($1::uuid[]) as w(id)
            where j.worker_id = w.id
            returning j.run_request_id, j.phase
        ), exchange as (
            update public.run_request as q
            set state = 'waiting', worker_id = null,
                state_substate = case j.phase when 'unknown' then 'submission_unknown' else 'external_job' end,
                state_reason = case j.phase when 'unknown' then 'its executor went away in the middle of the submission'
                                    else 'its executor went away; another one goes on asking the API about its job' end
            from job as j
            where q.id = j.run_request_id and q.state is not distinct from 'in_progress'
            returning q.id, q.run_ids, q.state_substate, q.state_reason
        )
        update public.run_queue as r
        set state = 'waiting', worker_id = null, due_at = 'infinity', state_substate = e.state_substate, state_reason = e.state_reason
        from exchange as e
        cross join unnest(e.run_ids) as u(id)
        where r.id = u.id and r.run_request_id is not distinct from e.id and r.state is not distinct from 'in_progress'
        """)

    private static let forgetSnapshots = Statement(
        "sweep.forget_snapshots",
        """
        delete from public.snapshot_run_rel as s
        using (select s.run_id, s.snapshot_id from public.snapshot_run_rel as s
               where s.run_id < etl_api.kept_since() order by s.run_id limit 10000) as old
        where s.run_id = old.run_id and s.snapshot_id = old.snapshot_id
        """)

    private static let releaseRuns = Statement(
        "sweep.release_runs",
        """
        with lost as (
            update public.run_request as q
            set state = 'failed', state_substate = 'lease_expired', worker_id = null,
                state_reason = 'its executor went away in the middle of the exchange'
            from unnest($1::uuid[]) as w(id)
            where q.worker_id = w.id and q.state = 'in_progress'
            returning q.id, q.run_ids
        )
        update public.run_queue as r
        set state = case when r.attempt < $2 then 'ready' else 'failed' end::public.run_queue_state,
            state_substate = 'lease_expired', worker_id = null,
            state_reason = 'its executor went away in the middle of attempt ' || r.attempt
        from lost as l
        cross join unnest(l.run_ids) as u(id)
        where r.id = u.id and r.run_request_id is not distinct from l.id and r.state = 'in_progress'
          and r.state_substate is distinct from 'fetched'
        """)

    private static let releaseRequests = Statement(
        "sweep.release_requests",
        """
        with held as materialized (
            -- In the order in which everybody locks requests.
            select r.id from public.activity_request as r
            where r.state in ('new', 'valid', 'ready', 'in_progress') and r.worker_id = any ($1)
            order by r.id
            for no key update
        )
        update public.activity_request as r set worker_id = null from held as h where r.id = h.id
        """)

    private static let releaseDeliveries = Statement(
        "sweep.release_deliveries",
        """
        with held as materialized (
            -- In the order in which everybody locks deliveries.
            select d.id
            from unnest($1::uuid[]) as w(id)
            join public.delivery as d on d.worker_id = w.id and d.state = 'in_progress'
            order by d.id
            for no key update of d
        )
        update public.delivery as d
        set state = 'ready', worker_id = null, due_at = clock_timestamp(),
            state_reason = 'its worker went away in the middle of attempt ' || d.attempt
        from held as h
        where d.id = h.id
        """)

    private static let released = Statement(
        "sweep.released", "update public.worker set released_at = clock_timestamp() where id = any ($1)")

    private static let forget = Statement(
        "sweep.forget_workers",
        "delete from public.worker where released_at < clock_timestamp() - interval '1 day'")

    private static let forgetLog = Statement("sweep.forget_log", "select etl_api.forget_log()")

    private static let wake = Statement(
        "sweep.wake_runs",
        """
        with due as materialized (
            select r.id, coalesce((select s.setup ->> 'run_timeout_seconds' from public.source as s where s.id = r.source_id)::double precision
                       < extract(epoch from clock_timestamp() - coalesce(r.retried_at, utils.uuid_v7_time(r.id))), false) as is_late,
                   coalesce((select s.setup ? 'job' from public.source as s where s.id = r.source_id), false) as has_job
            from public.run_queue as r
            where r.state = 'waiting' and r.due_at <= (select clock_timestamp())
            order by r.due_at
            limit $1
            for no key update skip locked
        )
        update public.run_queue as r
        set state = (case when due.is_late then 'timedout' else 'ready' end)::public.run_queue_state, due_at = null,
            state_substate = case when due.is_late then 'deadline' end,
            state_reason = case when due.is_late
                                then concat_ws('; the last try: ', case when due.has_job then $3 else $2 end, regexp_replace(r.state_reason, ', again in \\S+ s$', ''))
                                else r.state_reason end
        from due
        where r.id = due.id and r.state is not distinct from 'waiting'
        """)

    // The moments are worked out first: compared with a function of the clock, the index of what is ready would be read whole.
    private static let timeOut = Statement(
        "sweep.time_out_runs",
        """
        with limited as materialized (
            select s.id as source_id, s.setup ? 'job' as has_job, n.now - make_interval(secs => (s.setup ->> 'run_timeout_seconds')::double precision) as since
            from public.source as s
            cross join (select clock_timestamp() as now) as n
            where s.setup ? 'run_timeout_seconds' and s.deleted_at is null
        ), bounded as materialized (
            select l.source_id, l.has_job, l.since, utils.uuid_v7_floor(l.since) as before from limited as l
        ), late as materialized (
            select r.id, b.has_job
            from bounded as b
            cross join lateral (
                select r.id from public.run_queue as r
                where r.source_id = b.source_id and r.state = 'ready' and r.id < b.before
                  and (r.retried_at is null or r.retried_at < b.since)
                limit $1
                for no key update skip locked
            ) as r
        )
        update public.run_queue as r
        set state = 'timedout', state_substate = 'deadline', state_reason = case when late.has_job then $3 else $2 end
        from late
        where r.id = late.id and r.state is not distinct from 'ready'
        """)

    // By the order of the index of what is ready: that of all that waits may be long.
    private static let dissolve = Statement(
        "sweep.dissolve_exchanges",
        """
        with late as materialized (
            select q.id, q.run_ids
            from public.run_request as q
            where q.state = 'ready'
              and q.id < utils.uuid_v7_floor(clock_timestamp() - make_interval(secs => least($2, (
                  select s.setup ->> 'run_timeout_seconds' from public.source as s where s.id = q.source_id)::double precision)))
            order by q.source_id, q.id
            limit $1
            for no key update skip locked
        ), dissolved as (
            update public.run_request as q
            set state = 'failed', state_substate = 'not_claimed', state_reason = $3
            from late as l
            where q.id = l.id
        )
        update public.run_queue as r
        set state = 'ready', state_substate = 'not_claimed', state_reason = $3, worker_id = null, attempt = r.attempt - 1
        from late as l
        cross join unnest(l.run_ids) as u(id)
        where r.id = u.id and r.run_request_id is not distinct from l.id and r.state is not distinct from 'in_progress'
        """)

    /// How long an exchange that was formed by SQL may wait for an executor.
    private static let preparedMax: Duration = .seconds(60)

    /// What a run is told that its source's limit has ended.
    private static let lateReason = "it took longer than its source allows (run_timeout)"
    /// And what else where its source has jobs: a wait for one is not cut off.
    private static let lateReasonOfJobs =
        "\(lateReason); waiting for a job at the API counts, and only job.deadline ends that"

    private static let dropPartitions = Statement(
        "sweep.drop_partitions",
        "select etl_api.drop_partitions(clock_timestamp() - make_interval(secs => $1))")

    // The moment is worked out first, so that the index ends where it says.
    private static let forgetDeliveries = Statement(
        "sweep.forget_deliveries",
        """
        with old as materialized (
            select d.id from public.delivery as d
            where d.ended_at < (select clock_timestamp() - make_interval(secs => $1))
            order by d.ended_at
            limit $2
            for update skip locked
        )
        delete from public.delivery as d using old as o where d.id = o.id
        """)

    private static let fetchedWaits = Statement(
        "sweep.fetched_waits",
        """
        select true from public.run_queue as r
        where r.state = 'in_progress' and r.state_substate = 'fetched'
        order by r.run_request_id limit 1
        """)

    // From one endpoint to the next along the index, until one of them has something due.
    private static let deliveriesWait = Statement(
        "sweep.deliveries_wait",
        """
        with recursive head(endpoint, due_at) as (
            (select d.webhook_endpoint_id, d.due_at from public.delivery as d
             where d.state = 'ready' order by d.webhook_endpoint_id, d.due_at limit 1)
            union all
            select n.endpoint, n.due_at
            from head as h
            cross join lateral (
                select d.webhook_endpoint_id as endpoint, d.due_at from public.delivery as d
                where d.state = 'ready' and d.webhook_endpoint_id > h.endpoint
                order by d.webhook_endpoint_id, d.due_at limit 1
            ) as n
        )
        select true from head as h where h.due_at <= (select clock_timestamp()) limit 1
        """)

    private static let partitions = Statement(
        "sweep.ensure_partitions", "select etl_api.ensure_partitions(clock_timestamp())")

    /// Gives up workers whose lease is over, and takes back the work of all that have ended.
    ///
    /// - Parameters:
    ///   - contact: when the server answered last, by its own clock, and for how long that shows that it has no outage; nil
    ///     while this process itself may have missed heartbeats, and then nobody is given up for being silent.
    ///   - attemptsMax: a run whose executors went away this often is failed, not tried again.
    /// - Returns: how many workers lost their claims.
    public func releaseEndedWorkers(
        contact: (time: Date, validity: Duration)?, attemptsMax: Int
    ) async throws -> Int {
        if let contact {
            _ = try await pool.execute(Self.expire, contact.time, contact.validity.inSeconds)
        }
        return try await pool.transaction { transaction in
            let workers: [WorkerID] = try await transaction.execute(Self.ended).ids()
            var pipeline = Pipeline()
            if !workers.isEmpty {
                pipeline.add(Self.releaseRequests, workers)
                pipeline.add(Self.releaseDeliveries, workers)
                pipeline.add(Self.released, workers)
                pipeline.add(Self.releaseJobs, workers)
                pipeline.add(Self.releaseRuns, workers, Int32(attemptsMax))
            }
            _ = try await transaction.commit(pipeline)
            return workers.count
        }
    }

    /// The time by the server's clock.
    public func time() async throws(PostgresError) -> Date {
        try await pool.execute(Self.time)[0].decode(Date.self, at: 0)
    }

    /// Makes runs ready whose back-off is over.
    ///
    /// - Returns: how many.
    public func wakeRuns(limit: Int) async throws(PostgresError) -> Int {
        try await pool.execute(Self.wake, limit, Self.lateReason, Self.lateReasonOfJobs).affectedRows
    }

    /// Ends runs that have been ready for longer than their source allows.
    ///
    /// - Parameter limit: how many of each source at the most.
    /// - Returns: how many.
    public func timeOutRuns(limit: Int) async throws(PostgresError) -> Int {
        try await pool.execute(Self.timeOut, limit, Self.lateReason, Self.lateReasonOfJobs).affectedRows
    }

    /// Gives up exchanges that were formed by SQL and that no executor has taken up for a minute, or for as long as their source gives a run:
    /// their runs are ready again, for whoever forms an exchange of them.
    ///
    /// - Returns: how many runs.
    public func dissolvePrepared(limit: Int) async throws(PostgresError) -> Int {
        try await pool.execute(
            Self.dissolve, limit, Self.preparedMax.inSeconds,
            "no executor took its exchange up in time; it was not begun"
        ).affectedRows
    }

    /// Drops the weeks of runs, exchanges, answers, log and history that ended longer ago than `age`, up to the first with a request
    /// that is not over.
    ///
    /// - Returns: the partitions that are gone.
    public func dropPartitions(olderThan age: Duration) async throws(PostgresError) -> [String] {
        try await pool.execute(Self.dropPartitions, age.inSeconds)[0].decode([String].self, at: 0)
    }

    /// Whether raw answers wait to be mapped.
    public func fetchedRunsWait() async throws(PostgresError) -> Bool {
        try await !pool.execute(Self.fetchedWaits).isEmpty
    }

    /// Whether deliveries are due.
    public func deliveriesWait() async throws(PostgresError) -> Bool {
        try await !pool.execute(Self.deliveriesWait).isEmpty
    }

    /// Deletes deliveries that have been over for longer than `age`, with their attempts: those that have been for the longest first.
    ///
    /// - Returns: how many.
    public func forgetDeliveries(olderThan age: Duration, limit: Int) async throws(PostgresError) -> Int {
        try await pool.execute(Self.forgetDeliveries, age.inSeconds, Int32(limit)).affectedRows
    }

    /// Makes the partitions of the coming week, and forgets workers that ended, jobs of runs that are gone, and lines of the log that were
    /// written long ago.
    ///
    /// - Returns: how many partitions were missing.
    public func upkeep() async throws(PostgresError) -> Int {
        var pipeline = Pipeline()
        pipeline.add(Self.partitions)
        pipeline.add(Self.forget)
        pipeline.add(Self.forgetSnapshots)
        pipeline.add(Self.forgetLog)
        let results = try await pool.run(pipeline)
        return Int(try results[0][0].decode(Int32.self, at: 0))
    }
}

import Postgres

/// What the state of all work looks like, for metrics. Each statement reads open work alone, through partial indexes, and counts up to a
/// maximum, so that a look costs the same on a table of a billion rows.
public struct MonitoringStore: Sendable {
    /// How much a look reads.
    public struct Limits: Sendable {
        /// Rows counted of each table and state. Default: 100,000.
        public var rowsMax = 100_000
        /// Sources that are named: those whose ready runs wait longest. Default: 20.
        public var sourcesMax = 20
        /// Ready runs counted of each of them. Default: 10,000.
        public var runsOfSourceMax = 10_000
        /// Endpoints whose webhooks are counted, those that have some ready. Default: 10,000.
        public var endpointsMax = 10_000
        /// How long work may lie before it counts as stuck. Default: 5 minutes.
        public var stuckAfter: Duration = .seconds(300)
        /// Stuck rows counted of each kind. Default: 1,000.
        public var stuckMax = 1_000
        /// Rows counted of each default partition. Default: 10,000.
        public var defaultPartitionRowsMax = 10_000

        /// The documented defaults.
        public init() {}
    }

    let pool: PostgresPool

    /// Statements run on the scheduler's own pool.
    public init(pool: PostgresPool) {
        self.pool = pool
    }

    // Each branch ends at the limit. Runs that an executor has are counted through their exchanges, which name them.
    private static let rows = Statement(
        "monitoring.rows",
        """
        select 'workflow_request', c.state::text, count(*)
        from (select state from public.workflow_request where state in ('new', 'valid', 'ready', 'in_progress') limit $1) as c
        group by c.state
        union all
        select 'workflow_request', 'waiting', count(*)
        from (select from public.workflow_request where state = 'waiting' limit $1) as c
        union all
        select 'activity_request', c.state::text, count(*)
        from (select state from public.activity_request where state in ('new', 'valid', 'ready', 'in_progress') limit $1) as c
        group by c.state
        union all
        select 'activity_request', 'waiting', count(*)
        from (select from public.activity_request where state = 'waiting' limit $1) as c
        union all
        select 'run_queue', c.state::text, count(*)
        from (select state from public.run_queue where state in ('new', 'valid') limit $1) as c
        group by c.state
        union all
        select 'run_queue', 'waiting', count(*) from (select from public.run_queue where state = 'waiting' limit $1) as c
        union all
        select 'run_queue', 'ready', count(*) from (select from public.run_queue where state = 'ready' limit $1) as c
        union all
        select 'run_queue', 'in_progress',
            (select count(*) from (select from public.run_queue
                                   where state = 'in_progress' and state_substate = 'fetched' limit $1) as c)
            + (select coalesce(sum(cardinality(c.run_ids)), 0)
               from (select run_ids from public.run_request where state = 'in_progress' limit $1) as c)
        union all
        select 'run_request', c.state::text, count(*)
        from (select state from public.run_request where state in ('new', 'valid', 'waiting', 'ready') limit $1) as c
        group by c.state
        union all
        select 'run_request', 'in_progress', count(*)
        from (select from public.run_request where state = 'in_progress' limit $1) as c
        """)

    // A loose index scan finds each source's oldest ready run with one look-up; only the sources that are named are counted.
    private static let sources = Statement(
        "monitoring.sources",
        """
        with recursive waiting as (
            (select r.source_id, r.id, r.retried_at from public.run_queue as r
             where r.state = 'ready' order by r.source_id, r.id limit 1)
            union all
            select next.source_id, next.id, next.retried_at
            from waiting as w
            cross join lateral (
                select r.source_id, r.id, r.retried_at from public.run_queue as r
                where r.state = 'ready' and r.source_id > w.source_id
                order by r.source_id, r.id limit 1
            ) as next
        ), oldest as materialized (
            select w.source_id, coalesce(w.retried_at, utils.uuid_v7_time(w.id)) as since
            from (select * from waiting limit 10000) as w
            order by since
            limit $1
        )
        select g.key, s.key,
            greatest(extract(epoch from clock_timestamp() - o.since), 0)::double precision,
            (select count(*) from (select from public.run_queue as r
                                   where r.state = 'ready' and r.source_id = o.source_id limit $2) as c)
        from oldest as o
        join public.source as s on s.id = o.source_id
        join public.org as g on g.id = s.owner_org_id
        """)

    private static let deliveries = Statement(
        "monitoring.deliveries",
        """
        with waiting as materialized (
            select webhook_endpoint_id as endpoint, due_at, held_until from etl_api.endpoints_with_deliveries(null, $2)
        )
        select
            (select count(*) from (
                select from waiting as w cross join lateral (
                    select from public.delivery as d
                    where d.webhook_endpoint_id = w.endpoint and d.state = 'ready' and d.due_at <= statement_timestamp()
                ) as d limit $1) as c),
            (select count(*) from (
                select from waiting as w cross join lateral (
                    select from public.delivery as d
                    where d.webhook_endpoint_id = w.endpoint and d.state = 'ready' and d.due_at > statement_timestamp()
                ) as d limit $1) as c),
            (select count(*) from (select from public.delivery where state = 'in_progress' limit $1) as c),
            -- What a breaker or a rate holds is not overdue.
            (select coalesce(greatest(extract(epoch from statement_timestamp() - min(greatest(due_at, held_until))), 0), 0)::double precision
             from waiting)
        """)

    // What lies between the services: nobody holds it, and it goes on as soon as somebody takes it up. Ready runs and webhooks that are due are
    // counted above.
    private static let stages = Statement(
        "monitoring.stages",
        """
        with open as materialized (
            select r.id, r.created_at, r.state, r.stopping
            from public.activity_request as r
            where r.state in ('new', 'valid', 'ready', 'in_progress') and r.worker_id is null
            limit $1
        ), standing as materialized (
            select o.created_at,
                   o.stopping is null and (o.state <> 'in_progress' or not coalesce(p.expanded, false)) as expands,
                   o.state = 'in_progress' and (p.expanded or o.stopping is not null)
                       and p.runs_total = p.runs_done + p.runs_failed + p.runs_invalid + p.runs_timedout as collects
            from open as o
            left join public.request_progress as p on p.activity_request_id = o.id
        )
        select count(*) filter (where s.expands),
               coalesce(extract(epoch from clock_timestamp() - min(s.created_at) filter (where s.expands)), 0)::double precision,
               (select count(*) from (select from public.run_queue
                                      where state = 'in_progress' and state_substate = 'fetched' limit $1) as c),
               -- Of the run whose turn is next.
               (select coalesce(extract(epoch from clock_timestamp() - min(coalesce(r.replayed_at, x.received_at))), 0)::double precision
                from (select run_request_id, replayed_at from public.run_queue
                      where state = 'in_progress' and state_substate = 'fetched'
                      order by run_request_id, id limit 1) as r
                left join public.run_result as x on x.run_request_id = r.run_request_id),
               count(*) filter (where s.collects)
        from standing as s
        """)

    private static let stuck = Statement(
        "monitoring.stuck", "select kind, count(*) from etl_api.stuck_work($1, $2) group by kind order by kind")

    private static let defaultPartitions = Statement(
        "monitoring.default_partitions", "select table_name, rows from etl_api.default_partition_rows($1)")

    /// Looks at all open work, in one round trip.
    public func look(_ limits: Limits) async throws(PostgresError) -> OpenWork {
        var pipeline = Pipeline()
        pipeline.add(Self.rows, limits.rowsMax)
        pipeline.add(Self.sources, limits.sourcesMax, limits.runsOfSourceMax)
        pipeline.add(Self.deliveries, limits.rowsMax, Int32(limits.endpointsMax))
        pipeline.add(Self.stuck, limits.stuckAfter, Int32(limits.stuckMax))
        pipeline.add(Self.defaultPartitions, Int32(limits.defaultPartitionRowsMax))
        pipeline.add(Self.stages, limits.rowsMax)
        let results = try await pool.run(pipeline)

        var work = OpenWork()
        for row in results[0] {
            let (entity, state, count) = try row.decode((String, String, Int64).self)
            work.rows.append(.init(entity: entity, state: state, count: Int(count)))
        }
        for row in results[1] {
            let (org, source, age, count) = try row.decode((String, String, Double, Int64).self)
            work.sources.append(.init(org: org, source: source, readyRuns: Int(count), oldestSeconds: age))
        }
        let (due, later, posted, age) = try results[2][0].decode((Int64, Int64, Int64, Double).self)
        work.deliveries = .init(due: Int(due), later: Int(later), inProgress: Int(posted), oldestDueSeconds: age)
        for row in results[3] {
            let (kind, count) = try row.decode((String, Int64).self)
            work.stuck.append((kind, Int(count)))
        }
        for row in results[4] {
            let (table, count) = try row.decode((String, Int64).self)
            work.defaultPartitions.append((table, Int(count)))
        }
        let (expand, expandAge, process, processAge, collect) = try results[5][0].decode(
            (Int64, Double, Int64, Double, Int64).self)
        let ready = work.rows.first { $0.entity == "run_queue" && $0.state == "ready" }
        work.stages = [
            .init(name: "expand", waiting: Int(expand), oldestSeconds: max(expandAge, 0)),
            .init(
                name: "call", waiting: ready?.count ?? 0, oldestSeconds: work.sources.map(\.oldestSeconds).max() ?? 0),
            .init(name: "process", waiting: Int(process), oldestSeconds: max(processAge, 0)),
            // When the last run of a request was closed stands in its history alone.
            .init(name: "collect", waiting: Int(collect), oldestSeconds: nil),
            .init(
                name: "deliver", waiting: work.deliveries.due, oldestSeconds: work.deliveries.oldestDueSeconds),
        ]
        return work
    }
}

import Contracts
import Postgres

extension RunStore {
    private static let preparedSources = Statement(
        "run.prepared_sources",
        """
        with recursive prepared as (
            (select q.org_id, q.source_id from public.run_request as q
             where q.state = 'ready' order by q.source_id limit 1)
            union all
            select next.org_id, next.source_id
            from prepared as p
            cross join lateral (
                select q.org_id, q.source_id from public.run_request as q
                where q.state = 'ready' and q.source_id > p.source_id
                order by q.source_id limit 1
            ) as next
        )
        select org_id, source_id from prepared
        """)

    private static let prepared = Statement(
        "run.prepared",
        """
        select q.id from public.run_request as q
        where q.source_id = $2 and q.state = 'ready' and q.org_id is not distinct from $1 and q.id <> all ($3)
        order by q.id
        limit $4
        """)

    // Runs that are ended at this moment are waited for, and an exchange that serves none any more ends, too: whoever ended its runs passed
    // it over while it was held here.
    private static let takePrepared = Statement(
        "run.take_prepared",
        """
        with alive as materialized (
            -- Held until the commit, so that a worker is never released in the middle of a claim of its own.
            select from public.worker as w where w.id = $1 and w.ended_at is null for key share
        ), prepared as materialized (
            select q.id, q.run_ids
            from unnest($2::uuid[]) as i(id)
            join public.run_request as q on q.id = i.id
            where q.state is not distinct from 'ready' and exists (select from alive)
            for no key update of q skip locked
        ), run as materialized (
            select r.id, r.activity_request_id, r.position, p.id as exchange_id
            from prepared as p
            cross join unnest(p.run_ids) as u(id)
            join public.run_queue as r on r.id = u.id
            where r.run_request_id is not distinct from p.id and r.state is not distinct from 'in_progress'
            for no key update of r
        ), exchange as (
            update public.run_request as q
            set state = (case when s.is_served then 'in_progress' else 'failed' end)::public.run_request_state,
                state_substate = case when not s.is_served then 'cancelled' end,
                state_reason = case when not s.is_served then 'its runs had ended before it was called' end,
                worker_id = case when s.is_served then $1 end, attempt = 1
            from (select p.id, exists (select from run as r where r.exchange_id = p.id) as is_served from prepared as p) as s
            where q.id = s.id
        )
        update public.run_queue as r
        set state_substate = null, state_reason = null, worker_id = $1
        from run as t
        left join public.request_object as o
          on o.activity_request_id = t.activity_request_id and o.position = t.position
        where r.id = t.id
        returning r.run_request_id, r.id, r.attempt, r.activity_request_id,
            case when r.object_id is not null then o.name end,
            (select s.version from public.source as s where s.id = r.source_id)
        """)

    /// The sources with exchanges that were formed by SQL and that no executor has taken up.
    public func preparedSources() async throws(PostgresError) -> [ReadySource] {
        var sources: [ReadySource] = []
        for row in try await pool.execute(Self.preparedSources) {
            let (org, source) = try row.decode((OrgID, SourceID).self)
            sources.append(ReadySource(org: org, source: source))
        }
        return sources
    }

    /// Exchanges of a source that were formed by SQL and that no executor has taken up, oldest first.
    ///
    /// - Parameter except: exchanges of which none is wanted.
    public func prepared(
        of ready: ReadySource, limit: Int, except: [RunRequestID]
    ) async throws(PostgresError) -> [RunRequestID] {
        try await pool.execute(Self.prepared, ready.org, ready.source, except, limit).ids()
    }

    /// Takes up exchanges that were formed by SQL: from now on they are this worker's like those that it formed itself.
    ///
    /// - Returns: those that it got; empty when others hold them or nothing is left to do.
    public func takePrepared(
        _ exchanges: [RunRequestID], of ready: ReadySource, worker: WorkerID
    ) async throws(PostgresError) -> [ClaimedExchange] {
        try ClaimedExchange.gathered(
            try await pool.execute(Self.takePrepared, worker, exchanges), of: ready)
    }
}

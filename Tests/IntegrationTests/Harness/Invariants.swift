import Postgres

extension TestDatabase {
    /// What must hold after everything, whatever happened: one sentence for each rule that does not.
    func brokenInvariants() async throws -> [String] {
        var broken: [String] = []
        for (rule, sql) in Self.invariants {
            let rows = try await column(String.self, sql)
            if !rows.isEmpty { broken.append("\(rule): \(rows.count) rows, such as \(rows.prefix(3))") }
        }
        return broken
    }

    /// Rules, and queries for the rows that break them.
    private static let invariants = [
        (
            "the counters of a request equal its rows",
            """
            select p.activity_request_id::text || ': ' || p::text || ' but ' || c::text
            from public.request_progress as p
            cross join lateral (
                select count(*) as total, count(*) filter (where state = 'done') as done,
                       count(*) filter (where state = 'failed') as failed,
                       count(*) filter (where state = 'invalid') as invalid,
                       count(*) filter (where state = 'timedout') as timedout
                from public.run_queue as r where r.activity_request_id = p.activity_request_id
            ) as c
            where (p.runs_total, p.runs_done, p.runs_failed, p.runs_invalid, p.runs_timedout)
                  is distinct from (c.total, c.done, c.failed, c.invalid, c.timedout)
               or p.expanded and p.runs_total <> p.runs_planned
               or p.objects_expanded <> (select count(*) from public.request_object as o
                                         where o.activity_request_id = p.activity_request_id)
            """
        ),
        (
            "a run belongs to a request and to one of its objects",
            """
            select r.id::text from public.run_queue as r
            where not exists (select from public.activity_request as q where q.id = r.activity_request_id and q.org_id = r.org_id)
               or not exists (select from public.request_object as o
                              where o.activity_request_id = r.activity_request_id and o.position = r.position
                                and o.object_id = r.object_id and o.org_id = r.org_id)
            """
        ),
        (
            "history is a chain of changes from birth to the present state",
            """
            with entity(kind, id, state, org_id) as (
                select 'activity_request', id, state::text, org_id from public.activity_request
                union all select 'run_queue', id, state::text, org_id from public.run_queue
                union all select 'run_request', id, state::text, org_id from public.run_request
            ), link as (
                select h.entity_id, h.entity, h.org_id, h.from_state, h.to_state,
                       lag(h.to_state) over w as previous, row_number() over w as place,
                       row_number() over w = count(*) over (partition by h.entity_id) as is_last
                from public.state_history as h
                window w as (partition by h.entity_id order by h.at, h.sequence)
            )
            select e.kind || ' ' || e.id || ' is ' || e.state || ' but its history ends elsewhere'
            from entity as e
            left join link as l on l.entity_id = e.id and l.entity = e.kind and l.org_id = e.org_id and l.is_last
            where l.to_state is distinct from e.state
            union all
            select l.entity || ' ' || l.entity_id || ' went from ' || coalesce(l.from_state, 'nothing')
                   || ' after ' || coalesce(l.previous, 'nothing')
            from link as l where l.from_state is distinct from l.previous
            """
        ),
        (
            "every change of state is an allowed one",
            """
            select h.entity || ' ' || h.entity_id || ': ' || h.from_state || ' to ' || h.to_state
            from public.state_history as h
            where h.from_state is not null
              and not exists (select from public.state_transition as t
                              where t.entity = h.entity and t.from_state = h.from_state and t.to_state = h.to_state)
            """
        ),
        (
            "an exchange is done exactly if its answer is there, and every exchange that is over is in the log",
            """
            select q.id::text || ' ' || q.state from public.run_request as q
            where (q.state = 'done') <> exists (select from public.run_result as x where x.run_request_id = q.id)
               or (q.state = 'done' and not exists (select from public.run_log as l where l.run_request_id = q.id))
            """
        ),
        (
            "an answer serves each run once",
            """
            select u.run::text from public.run_request as q
            cross join unnest(q.run_ids) as u(run)
            where q.state = 'done' group by u.run having count(*) > 1
            """
        ),
        (
            "a value belongs to a run that is done, and to its object",
            """
            select v.run_id::text from public.value as v
            left join public.run_queue as r on r.id = v.run_id and r.object_id = v.object_id and r.org_id = v.org_id
            where r.state is distinct from 'done'
            """
        ),
        (
            "a request is delivered exactly if its endpoints have taken it",
            """
            select q.id::text || ' is ' || q.state from public.activity_request as q
            where q.state = 'delivered'
              and exists (select from public.delivery as d where d.activity_request_id = q.id
                            and d.state not in ('delivered', 'superseded'))
            """
        ),
    ]

    /// Rows that somebody still has to do something about, by kind.
    func unfinishedRows() async throws -> [String] {
        try await column(
            String.self,
            """
            select 'activity_request ' || id || ' ' || state from public.activity_request
            where state not in ('invalid', 'failed', 'timedout', 'done', 'delivered') or worker_id is not null
            union all
            select 'run_queue ' || id || ' ' || state from public.run_queue
            where state not in ('invalid', 'failed', 'timedout', 'done') or worker_id is not null
            union all
            select 'run_request ' || id || ' ' || state from public.run_request
            where state not in ('invalid', 'failed', 'timedout', 'done') or worker_id is not null
            union all
            select 'delivery ' || id || ' ' || state from public.delivery
            where state not in ('failed', 'delivered', 'superseded') or worker_id is not null
            """)
    }
}

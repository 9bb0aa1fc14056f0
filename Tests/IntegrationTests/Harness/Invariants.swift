import Postgres

extension TestDatabase {
    /// What must hold after everything, whatever happened, besides the states (``stateDifferences()``): one sentence for each rule that
    /// does not.
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
            "an expanded request has the runs of its plan",
            """
            select p.activity_request_id::text || ': ' || p.runs_planned || ' planned, ' || p.runs_total || ' made'
            from public.request_progress as p
            where p.expanded and p.runs_total <> p.runs_planned
            """
        ),
        (
            "a run belongs to a request and to one of its objects",
            """
            select r.id::text from public.run_queue as r
            where not exists (select from public.activity_request as q where q.id = r.activity_request_id and q.org_id = r.org_id)
               or r.object_id is not null
                  and not exists (select from public.request_object as o
                                  where o.activity_request_id = r.activity_request_id and o.position = r.position
                                    and o.object_id = r.object_id and o.org_id = r.org_id)
            """
        ),
        (
            "what a run has found is an object of its request, once, and every object of such a request was found",
            """
            select f.object_id::text from public.object_finding as f
            left join public.run_queue as r
              on r.id = f.run_id and r.activity_request_id = f.activity_request_id and r.source_id = f.source_id and r.object_id is null
            where r.state is distinct from 'done'
               or (select count(*) from public.request_object as o
                   where o.activity_request_id = f.activity_request_id and o.object_id = f.object_id) <> 1
            union all
            select o.object_id::text from public.request_object as o
            where exists (select from public.object_finding as f where f.activity_request_id = o.activity_request_id)
              and not exists (select from public.object_finding as f
                              where f.activity_request_id = o.activity_request_id and f.object_id = o.object_id)
            """
        ),
        (
            "the objects of a request are numbered without a gap",
            """
            select o.activity_request_id::text from public.request_object as o
            group by o.activity_request_id having max(o.position) <> count(*) - 1
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
            "an answer serves each run once, and once more each time that it was retried",
            """
            select u.run::text from public.run_request as q
            cross join unnest(q.run_ids) as u(run)
            where q.state = 'done' group by u.run
            having count(*) > 1 + (select count(*) from public.state_history as h
                                   where h.entity_id = u.run and h.substate = 'retried')
            """
        ),
        (
            "a value belongs to a run that is done, and to its object",
            """
            select v.run_id::text from public.value as v
            left join public.run_queue as r on r.id = v.run_id and r.org_id = v.org_id
            where r.state is distinct from 'done'
               or v.object_id is distinct from coalesce(r.object_id, (
                      select f.object_id from public.object_finding as f
                      where f.activity_request_id = r.activity_request_id and f.object_id = v.object_id and f.run_id = r.id))
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

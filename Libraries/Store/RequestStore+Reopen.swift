import Contracts
import Postgres

extension RequestStore {
    private static let reopenEnded = Statement(
        "request.reopen_ended",
        """
        update public.activity_request as r
        set state = 'ready', state_substate = 'retried', state_reason = $2, worker_id = null
        from unnest($1::uuid[]) as i(id)
        where r.id = i.id and r.state in ('failed', 'timedout', 'invalid')
        """)

    // A new round: its outcome is delivered anew, and its time is given anew.
    private static let reopen = Statement(
        "request.reopen",
        """
        update public.activity_request as r
        set state = 'in_progress', state_substate = 'retried', state_reason = $2, worker_id = null, round = r.round + 1,
            stopping = null, stopping_reason = null,
            deadline_at = clock_timestamp()
                + make_interval(secs => (select a.timeout_seconds from public.activity as a
                                         where a.org_id = r.org_id and a.id = r.activity_id))
        from unnest($1::uuid[]) as i(id)
        where r.id = i.id and r.state in ('ready', 'done', 'delivered')
        """)

    // A step of a workflow whose runs are not made yet, while one of an earlier phase is open. Its time begins with its phase.
    private static let waitForPhase = Statement(
        "request.wait_for_phase",
        """
        update public.activity_request as r
        set state = 'waiting', state_substate = 'phase', state_reason = $2, deadline_at = null
        from unnest($1::uuid[]) as i(id)
        where r.id = i.id and r.state = 'in_progress' and r.workflow_phase > 1 and etl_api.round_before(r.id) is null
          and not exists (
              select from public.request_progress as p
              where p.activity_request_id = r.id
                and (p.expanded or p.runs_total > p.runs_done + p.runs_failed + p.runs_invalid + p.runs_timedout))
        """)

    // Whoever was putting the result together does not know of the new runs.
    private static let voidCollection = Statement(
        "request.void_collection",
        """
        update public.activity_request as r
        set state_substate = 'retried', worker_id = null
        from unnest($1::uuid[]) as i(id)
        where r.id = i.id and r.state = 'in_progress' and r.state_substate is not distinct from 'collecting'
        """)

    private static let supersedeDeliveries = Statement(
        "delivery.supersede",
        """
        with held as materialized (
            -- In the order in which everybody locks deliveries.
            select d.id
            from unnest($1::uuid[]) as i(id)
            join public.delivery as d on d.activity_request_id = i.id
            where d.state in ('ready', 'in_progress', 'failed')
            order by d.id
            for no key update of d
        )
        update public.delivery as d
        set state = 'superseded', worker_id = null, state_reason = 'the request was taken up again'
        from held as h
        where d.id = h.id
        """)

    // Whoever advances a workflow locks it before its activity requests; so does whoever takes some of these up again, since their workflow is
    // taken up with them. $2: of which organization they are; null for any.
    static let lockWorkflowRequests = Statement(
        "request.lock_workflow_requests",
        """
        with wanted as materialized (
            select distinct r.workflow_request_id as id from public.activity_request as r
            where r.id = any ($1) and r.workflow_request_id is not null and r.org_id is not distinct from coalesce($2, r.org_id)
        ), ordered as materialized (
            select w.id from wanted as w order by w.id
        )
        select from ordered as o
        join public.workflow_request as w on w.id = o.id
        order by w.id
        for no key update of w
        """)

    // Their states follow: locked once, in order, however many statements touch them.
    private static let lockWorkflows = Statement(
        "request.lock_workflows",
        """
        with wanted as materialized (
            select distinct r.workflow_request_id as id from public.activity_request as r
            where r.id = any ($1) and r.workflow_request_id is not null
        )
        select from wanted as w
        join public.workflow_progress as p on p.workflow_request_id = w.id
        order by p.workflow_request_id
        for no key update of p
        """)

    /// Takes requests up again of which runs are, and commits. Their rows are locked.
    ///
    /// - Returns: how many of them had ended.
    static func reopen(
        _ ids: [ActivityRequestID], reason: String, committing transaction: PostgresTransaction
    ) async throws -> Int {
        var pipeline = Pipeline()
        pipeline.add(lockWorkflows, ids)
        // In the order in which those who deliver lock them.
        pipeline.add(supersedeDeliveries, ids)
        pipeline.add(voidCollection, ids)
        pipeline.add(reopenEnded, ids, reason)
        pipeline.add(reopen, ids, reason)
        pipeline.add(waitForPhase, ids, reason)
        return try await transaction.commit(pipeline)[4].affectedRows
    }
}

import Contracts
import Postgres

extension WorkflowStore {
    private static let advance = Statement(
        "workflow.advance",
        """
        with started as materialized (
            select s.id from etl_api.advance_workflow($1) as s(id)
        )
        select r.id, r.org_id, r.traceparent
        from started as s
        join public.activity_request as r on r.id = s.id
        """)

    private static let toAdvance = Statement(
        "workflow.to_advance",
        """
        select p.workflow_request_id from public.workflow_progress as p
        where p.step_ended_at <= (select clock_timestamp())
        order by p.step_ended_at
        limit $1
        """)

    /// After a step has ended: starts the next phase when all before it is over, takes up steps again to which more objects have come, or closes
    /// the workflow request. Whoever comes second finds nothing to do.
    ///
    /// - Returns: the activity requests that can be expanded now.
    public func advance(_ id: WorkflowRequestID) async throws(PostgresError) -> [RequestReference] {
        try await pool.execute(Self.advance, id).requestReferences()
    }

    /// Workflow requests of which a step has ended and nobody has looked since what can start now, the longest waiting first.
    public func waitingForAdvance(limit: Int) async throws(PostgresError) -> [WorkflowRequestID] {
        try await pool.execute(Self.toAdvance, limit).ids()
    }
}

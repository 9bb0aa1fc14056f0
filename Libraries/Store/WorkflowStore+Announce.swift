import Contracts
import Postgres

/// How a workflow request has ended, as its webhook tells it.
public struct WorkflowOutcome: Sendable {
    /// The request.
    public let id: WorkflowRequestID
    /// The key of its workflow.
    public let workflow: String
    /// Its state.
    public let state: String
    /// A closer word, when there is one.
    public let substate: String?
    /// A sentence, when there is something to say.
    public let reason: String?
    /// Its steps by phase and key.
    public let steps: [WorkflowStepStatus]
}

extension WorkflowStore {
    private static let unannounced = Statement(
        "workflow.unannounced",
        """
        select w.id from public.workflow_request as w
        where w.unannounced_since is not null
        order by w.unannounced_since
        limit $1
        """)

    // The row lock is the claim (docs/decisions/0005).
    private static let claim = Statement(
        "workflow.claim_announcement",
        """
        select f.key, w.state::text, w.state_substate, w.state_reason
        from public.workflow_request as w
        join public.workflow as f on f.org_id = w.org_id and f.id = w.workflow_id
        where w.id = $1 and w.unannounced_since is not null
        for no key update of w skip locked
        """)

    private static let endpoints = Statement(
        "workflow.endpoints",
        """
        with wanted as materialized (
            select w.org_id, w.workflow_id from public.workflow_request as w where w.id = $1
        )
        select e.id
        from wanted as w
        join public.webhook_endpoint as e on e.org_id = w.org_id
        where e.disabled_at is null and e.deleted_at is null
          and (e.event_types && array['workflow_request.completed', '*']
               or exists (select from public.workflow_endpoint as l
                          where l.org_id = e.org_id and l.webhook_endpoint_id = e.id and l.workflow_id = w.workflow_id))
        order by e.id
        """)

    private static let makeDeliveries = Statement(
        "workflow.make_deliveries",
        """
        insert into public.delivery (org_id, workflow_request_id, webhook_endpoint_id, payload, round, event_type, subject)
        select w.org_id, w.id, e.id, $3, w.round, 'workflow_request.completed', $4
        from public.workflow_request as w
        cross join unnest($2::uuid[]) as e(id)
        where w.id = $1
        on conflict do nothing
        """)

    private static let announced = Statement(
        "workflow.announced",
        "update public.workflow_request as w set unannounced_since = null where w.id = $1")

    /// Workflow requests that are over and whose deliveries are to be made, the longest waiting first.
    public func waitingForAnnouncement(limit: Int) async throws(PostgresError) -> [WorkflowRequestID] {
        try await pool.execute(Self.unannounced, limit).ids()
    }

    /// Makes the deliveries of a workflow request that is over, in one transaction; nothing when somebody else does, or has.
    ///
    /// - Parameter payload: makes the bytes of the webhook.
    /// - Returns: how many deliveries were made.
    public func announce(
        _ id: WorkflowRequestID, payload: @Sendable (WorkflowOutcome) -> [UInt8]
    ) async throws -> Int {
        try await pool.transaction { transaction in
            guard let row = try await transaction.execute(Self.claim, id).first else { return 0 }
            let (workflow, state, substate, reason) = try row.decode((String, String, String?, String?).self)
            var pipeline = Pipeline()
            pipeline.add(Self.steps, id)
            pipeline.add(Self.endpoints, id)
            let results = try await transaction.run(pipeline)
            let endpoints: [EndpointID] = try results[1].ids()
            var last = Pipeline()
            if !endpoints.isEmpty {
                let outcome = WorkflowOutcome(
                    id: id, workflow: workflow, state: state, substate: substate, reason: reason,
                    steps: try results[0].workflowSteps())
                last.add(Self.makeDeliveries, id, endpoints, Bytea(payload(outcome)), workflow)
            }
            last.add(Self.announced, id)
            _ = try await transaction.commit(last)
            return endpoints.count
        }
    }
}

import Contracts
import Postgres

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A workflow request as its client sees it.
public struct WorkflowRequestStatus: Sendable {
    /// The request.
    public let id: WorkflowRequestID
    /// The key of its workflow; what it asked for when there is no such workflow.
    public let workflow: String?
    /// Its state.
    public let state: String
    /// A closer word, when there is one.
    public let substate: String?
    /// A sentence, when there is something to say.
    public let reason: String?
    /// When it was accepted.
    public let createdAt: Date
    /// Its steps by phase and key; none before it is expanded.
    public let steps: [WorkflowStepStatus]
}

/// A step of a workflow request: the activity request that carries it out.
public struct WorkflowStepStatus: Sendable {
    /// The key of the step in its workflow.
    public let step: String
    /// When it starts.
    public let phase: Int
    /// The key of its activity.
    public let activity: String
    /// The activity request.
    public let request: ActivityRequestID
    /// Its state.
    public let state: String
    /// A closer word, when there is one.
    public let substate: String?
    /// A sentence, when there is something to say.
    public let reason: String?
    /// How often it has been taken up, from 1; each has a result of its own.
    public let round: Int
    /// How many objects it has.
    public let objects: Int
    /// How many runs it comes to, as far as that is known.
    public let runsPlanned: Int
    /// Its runs by outcome.
    public let runs: RunCounts
    /// How many objects meet the factors of a sourcing; nil while that is not known.
    public let qualification: QualificationCounts?
}

/// A workflow request as lists show it.
public struct ListedWorkflowRequest: Sendable {
    /// The request.
    public let id: WorkflowRequestID
    /// The key of its workflow.
    public let workflow: String?
    /// Its state.
    public let state: String
    /// A closer word, when there is one.
    public let substate: String?
    /// A sentence, when there is something to say.
    public let reason: String?
    /// When it was accepted.
    public let createdAt: Date
    /// How many activity requests it has, and how many of them are over.
    public let requests: (total: Int, over: Int)
}

extension WorkflowStore {
    private static let status = Statement(
        "workflow.status",
        """
        select w.id, coalesce((select f.key from public.workflow as f where f.org_id = w.org_id and f.id = w.workflow_id),
                              w.content ->> 'workflow'),
               w.state::text, w.state_substate, w.state_reason, w.created_at
        from public.workflow_request as w
        where w.id = $2 and w.org_id is not distinct from $1
        """)

    static let steps = Statement(
        "workflow.steps",
        """
        select r.workflow_step, r.workflow_phase, a.key, r.id, r.state::text, r.state_substate, r.state_reason,
               coalesce(p.objects_total, 0), coalesce(p.runs_planned, 0), coalesce(p.runs_total, 0), coalesce(p.runs_done, 0),
               coalesce(p.runs_failed, 0), coalesce(p.runs_invalid, 0), coalesce(p.runs_timedout, 0), p.objects_qualified,
               p.objects_unqualified, r.round
        from public.activity_request as r
        join public.activity as a on a.org_id = r.org_id and a.id = r.activity_id
        left join public.request_progress as p on p.activity_request_id = r.id
        where r.workflow_request_id = $1 and r.workflow_step is not null
        order by r.workflow_phase, r.workflow_step collate "C"
        """)

    private static let deliveries = DeliveryRecord.statement(ofRequestIn: "workflow_request")

    private static let timeline = Statement(
        "workflow.timeline",
        """
        select 'workflow', h.from_state, h.to_state, 1::bigint, h.at, h.at, h.actor, coalesce(h.reason, h.substate)
        from public.state_history as h
        where h.entity_id = $2 and h.org_id is not distinct from $1
        union all
        select 'step ' || r.workflow_step, h.from_state, h.to_state, 1::bigint, h.at, h.at, h.actor,
               coalesce(h.reason, case h.substate when 'phase' then 'its phase of the workflow has not begun' else h.substate end)
        from public.activity_request as r
        join public.state_history as h on h.entity_id = r.id
        where r.workflow_request_id = $2 and r.org_id is not distinct from $1
        union all
        select 'delivery', null,
               'attempt ' || t.attempt || coalesce(' to ' || (select e.key from public.webhook_endpoint as e
                where e.org_id = d.org_id and e.id = d.webhook_endpoint_id), ''), 1, t.at, t.at, null,
               concat_ws(' ', 'HTTP ' || t.status, t.error, case when t.duration_ms > 0 then 'in ' || round(t.duration_ms::numeric, 1) || ' ms' end)
        from public.delivery as d
        join public.delivery_attempt as t on t.delivery_id = d.id
        where d.workflow_request_id = $2 and d.org_id is not distinct from $1
        order by 5, 6, 1
        limit 1000
        """)

    // A page is bounded by the requests that are looked at, as that of activity requests.
    private static let list = Statement(
        "workflow.list_requests",
        """
        with seen as materialized (
            select w.id, w.org_id, w.workflow_id, w.content ->> 'workflow' as asked, w.state::text as state, w.state_substate, w.state_reason,
                   w.created_at
            from public.workflow_request as w
            where w.org_id = $1 and w.id < $2
            order by w.id desc
            limit $3
        )
        select s.id, coalesce(f.key, s.asked), s.state, s.state_substate, s.state_reason, s.created_at,
               coalesce(p.requests_total, 0),
               coalesce(p.requests_done + p.requests_failed + p.requests_invalid + p.requests_timedout, 0), n.count, n.last
        from (select count(*) as count, (array_agg(id order by id))[1] as last from seen) as n
        left join seen as s on $4::text[] is null or s.state = any ($4)
        left join public.workflow as f on f.org_id = s.org_id and f.id = s.workflow_id
        left join public.workflow_progress as p on p.workflow_request_id = s.id
        where $5::text is null or coalesce(f.key, s.asked) = $5
        order by s.id desc
        limit $6
        """)

    /// The request with its steps, if this organization has it.
    public func status(of id: WorkflowRequestID, org: OrgID) async throws -> WorkflowRequestStatus? {
        var pipeline = Pipeline()
        pipeline.add(Self.status, org, id)
        pipeline.add(Self.steps, id)
        let results = try await pool.run(pipeline)
        guard let row = results[0].first else { return nil }
        let (id, workflow, state, substate, reason, created) = try row.decode(
            (WorkflowRequestID, String?, String, String?, String?, Date).self)
        return WorkflowRequestStatus(
            id: id, workflow: workflow, state: state, substate: substate, reason: reason, createdAt: created,
            steps: try results[1].workflowSteps())
    }

    /// The deliveries of a request's outcome, by endpoint; none before it has ended.
    public func deliveries(of id: WorkflowRequestID, org: OrgID) async throws(PostgresError) -> [DeliveryRecord] {
        try await pool.execute(Self.deliveries, org, id).deliveries()
    }

    /// The life of a request and of its steps, in the order of time.
    public func timeline(of id: WorkflowRequestID, org: OrgID) async throws(PostgresError) -> [TimelineEntry] {
        try await pool.execute(Self.timeline, org, id).timelineEntries()
    }

    /// Requests of an organization, the newest first; as ``RequestStore/list(org:before:states:activity:limit:)``.
    public func list(
        org: OrgID, before: WorkflowRequestID?, states: [String]?, workflow: String?, limit: Int
    ) async throws(PostgresError) -> (requests: [ListedWorkflowRequest], next: WorkflowRequestID?) {
        let rows = try await pool.execute(
            Self.list, org, before ?? Self.newest, Int32(RequestStore.listPage), states, workflow, Int32(limit))
        var requests: [ListedWorkflowRequest] = []
        var next: WorkflowRequestID?
        for row in rows {
            let (id, key, state, substate, reason, created, total, over, seen, last) = try row.decode(
                (
                    WorkflowRequestID?, String?, String?, String?, String?, Date?, Int32, Int32, Int64,
                    WorkflowRequestID?
                ).self)
            // Where the page ended, unless the list ends before it.
            if seen == Int64(RequestStore.listPage) { next = last }
            guard let id, let state, let created else { continue }
            requests.append(
                ListedWorkflowRequest(
                    id: id, workflow: key, state: state, substate: substate, reason: reason, createdAt: created,
                    requests: (total: Int(total), over: Int(over))))
        }
        if requests.count == limit { next = requests.last?.id }
        return (requests, next)
    }

    private static let newest = WorkflowRequestID(
        UUID(uuid: (255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255)))
}

extension QueryResult {
    /// Rows of ``WorkflowStore/steps``.
    func workflowSteps() throws(PostgresError) -> [WorkflowStepStatus] {
        var steps: [WorkflowStepStatus] = []
        for row in self {
            let (
                step, phase, activity, id, state, substate, reason, objects, planned, total, done, failed, invalid,
                timedout, qualified, unqualified, round
            ) = try row.decode(
                (
                    String, Int32, String, ActivityRequestID, String, String?, String?, Int32, Int32, Int32, Int32,
                    Int32, Int32, Int32, Int32?, Int32?, Int32
                ).self)
            steps.append(
                WorkflowStepStatus(
                    step: step, phase: Int(phase), activity: activity, request: id, state: state, substate: substate,
                    reason: reason, round: Int(round), objects: Int(objects), runsPlanned: Int(planned),
                    runs: RunCounts(
                        total: Int(total), done: Int(done), failed: Int(failed), invalid: Int(invalid),
                        timedout: Int(timedout)),
                    qualification: qualified.map {
                        QualificationCounts(qualified: Int($0), unqualified: Int(unqualified ?? 0))
                    }))
        }
        return steps
    }
}

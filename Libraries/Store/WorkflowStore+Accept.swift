import Contracts
import JSON
import Postgres

/// A request for a workflow that is about to be put on disk.
public struct NewWorkflowRequest: Sendable {
    /// Its id, made by the service.
    public let id: WorkflowRequestID
    /// The tenant, from the API key.
    public let org: OrgID
    /// The key of the workflow.
    public let workflow: String
    /// The body as it came, as JSON.
    public let content: JSONB
    /// `http` or `bus`.
    public let origin: String
    /// What makes a repeat the same request; nil when every request is a new one.
    public let idempotencyKey: String?
    /// SHA-256 of the body, so that a reused key with another body is noticed.
    public let fingerprint: Bytea?
    /// The trace of the caller; nil when it gave none.
    public let trace: TraceContext?

    /// A request to accept.
    public init(
        id: WorkflowRequestID, org: OrgID, workflow: String, content: JSONB, origin: String, idempotencyKey: String?,
        fingerprint: Bytea?, trace: TraceContext?
    ) {
        self.id = id
        self.org = org
        self.workflow = workflow
        self.content = content
        self.origin = origin
        self.idempotencyKey = idempotencyKey
        self.fingerprint = fingerprint
        self.trace = trace
    }
}

/// How a request for a workflow was received.
public enum WorkflowAcceptance: Sendable {
    /// It is on disk, with an activity request for each of its steps; those of phase 1 can be expanded.
    case accepted(WorkflowRequestID, steps: Int, started: [RequestReference])
    /// The same request came before under the same idempotency key.
    case repeated(WorkflowRequestID, steps: Int)
    /// The idempotency key was used before, for another body.
    case keyReused(WorkflowRequestID)
    /// The organization has no such workflow; these are the ones that it has.
    case unknownWorkflow(organization: String, known: [String])
    /// The workflow cannot run, with the reason.
    case notRunnable(String)
}

extension WorkflowStore {
    private static let terms = Statement(
        "workflow.terms",
        """
        with wanted as materialized (
            select f.org_id, s.step, s.activity_id, s.phase
            from public.workflow as f
            left join lateral etl_api.workflow_steps(f.data) as s on true
            where f.org_id = $1 and f.key = $2 and f.deleted_at is null
        )
        select w.step, w.phase, t.name, a.input
        from wanted as w
        left join public.activity as a on a.org_id = w.org_id and a.id = w.activity_id
        left join public.activity_type as t on t.id = a.activity_type_id
        order by w.step collate "C"
        """)

    private static let insert = Statement(
        "workflow.insert_request",
        """
        insert into public.workflow_request
            (org_id, id, state, workflow_id, content, origin, idempotency_key, idempotency_fingerprint, traceparent)
        select f.org_id, $1, 'valid', f.id, $4, $5, $6, $7, $8
        from public.workflow as f
        where f.org_id = $2 and f.key = $3 and f.deleted_at is null
        on conflict (org_id, idempotency_key) where idempotency_key is not null do nothing
        returning id
        """)

    private static let expand = Statement("workflow.expand", "select etl_api.process_workflow_request($1)")

    private static let started = Statement(
        "workflow.started_requests",
        """
        select r.id, r.org_id, r.traceparent from public.activity_request as r
        where r.workflow_request_id = $1 and r.state = 'valid' order by r.id
        """)

    private static let findRepeated = Statement(
        "workflow.find_repeated",
        """
        select w.id, w.idempotency_fingerprint is not distinct from $3,
               (select p.requests_total from public.workflow_progress as p where p.workflow_request_id = w.id)
        from public.workflow_request as w
        where w.org_id = $1 and w.idempotency_key = $2
        """)

    private static let listKeys = Statement(
        "workflow.list_keys",
        """
        select o.key, f.key
        from public.org as o
        left join public.workflow as f on f.org_id = o.id and f.deleted_at is null
        where o.id = $1
        order by f.key
        limit 50
        """)

    // Those of services are expanded in the transaction that makes them valid.
    private static let new = Statement(
        "workflow.new_requests",
        """
        select w.id from public.workflow_request as w
        where w.state in ('new', 'valid', 'ready', 'in_progress') and w.state in ('new', 'valid')
        order by w.id
        limit $1
        """)

    /// Puts a request on disk and expands it, in one transaction; it is safe once this returns.
    ///
    /// - Parameter check: checks the body against what the workflow asks for.
    /// - Throws: what `check` throws; nothing was accepted then.
    public func accept(
        _ request: NewWorkflowRequest, check: @Sendable (WorkflowTerms) throws -> Void
    ) async throws -> WorkflowAcceptance {
        do {
            return try await pool.transaction { transaction in
                // Before today's workflow is asked: what was accepted then stays so, however that has changed.
                if let first = try await repeated(request, in: transaction) { return first }
                let rows = try await transaction.execute(Self.terms, request.org, request.workflow)
                if rows.isEmpty { return try await unknownWorkflow(request.org, in: transaction) }
                try check(try rows.workflowTerms())
                let inserted = try await transaction.execute(
                    Self.insert, request.id, request.org, request.workflow, request.content, request.origin,
                    request.idempotencyKey, request.fingerprint, request.trace?.traceparent)
                guard !inserted.isEmpty else {
                    guard let first = try await repeated(request, in: transaction) else {
                        throw StoreError(
                            "a workflow request was refused as repeated, but the first one is not to be found")
                    }
                    return first
                }
                var pipeline = Pipeline()
                pipeline.add(Self.expand, request.id)
                pipeline.add(Self.started, request.id)
                let results = try await transaction.commit(pipeline)
                return .accepted(
                    request.id, steps: Int(try results[0][0].decode(Int32.self, at: 0)),
                    started: try results[1].requestReferences())
            }
        } catch let error as PostgresError where error.sqlState == Self.notRunnable {
            // The database knows better, because something was changed meanwhile or was written past the catalogue.
            return .notRunnable(error.message)
        }
    }

    /// What its own checks raise where a workflow is expanded.
    private static let notRunnable = "WR002"

    /// What came before under the same idempotency key.
    private func repeated(
        _ request: NewWorkflowRequest, in transaction: PostgresTransaction
    ) async throws -> WorkflowAcceptance? {
        guard let key = request.idempotencyKey else { return nil }
        guard let row = try await transaction.execute(Self.findRepeated, request.org, key, request.fingerprint).first
        else { return nil }
        let (id, same, steps) = try row.decode((WorkflowRequestID, Bool, Int32?).self)
        return same ? .repeated(id, steps: Int(steps ?? 0)) : .keyReused(id)
    }

    private func unknownWorkflow(
        _ org: OrgID, in transaction: PostgresTransaction
    ) async throws -> WorkflowAcceptance {
        let rows = try await transaction.execute(Self.listKeys, org)
        let known = try rows.compactMap { row in try row.decode(String?.self, at: 1) }
        return .unknownWorkflow(organization: try rows[0].decode(String.self, at: 0), known: known)
    }

    /// Requests that came by plain SQL and wait to be expanded, oldest first.
    public func waitingForExpansion(limit: Int) async throws(PostgresError) -> [WorkflowRequestID] {
        try await pool.execute(Self.new, limit).ids()
    }

    /// Expands a request that came by plain SQL, or makes it invalid.
    ///
    /// - Returns: its activity requests that can be expanded.
    public func expand(_ id: WorkflowRequestID) async throws -> [RequestReference] {
        try await pool.transaction { transaction in
            var pipeline = Pipeline()
            pipeline.add(Self.expand, id)
            pipeline.add(Self.started, id)
            return try await transaction.commit(pipeline)[1].requestReferences()
        }
    }
}

extension QueryResult {
    /// The terms of a workflow. A step whose activity is gone has none; whoever expands the request says so.
    fileprivate func workflowTerms() throws -> WorkflowTerms {
        WorkflowTerms(
            steps: try compactMap { row in
                let (step, phase, type, input) = try row.decode((String?, Int32?, String?, JSONB?).self)
                guard let step, let phase, let type = type.flatMap({ ActivityType(rawValue: $0) }) else { return nil }
                let declared = ActivityInput(input.flatMap { try? JSONValue(parsing: $0.bytes) } ?? [:])
                return WorkflowTerms.Step(
                    key: step, phase: Int(phase), terms: ActivityTerms(type: type, input: declared))
            })
    }
}

import Contracts
import Postgres

/// A webhook that this worker has to post.
public struct ClaimedDelivery: Sendable {
    /// The delivery, known to its receiver as `webhook-id`.
    public let id: DeliveryID
    /// The tenant.
    public let org: OrgID
    /// The request whose outcome it is; nil when it is not about one activity request.
    public let request: ActivityRequestID?
    /// The workflow request whose outcome it is; nil when it is not about one.
    public let workflow: WorkflowRequestID?
    /// The trace of whoever asked; nil when they gave none.
    public let trace: TraceContext?
    /// How often it has been tried, this time included.
    public let attempt: Int
    /// Where to.
    public let url: String
    /// The name of the signing secret.
    public let secretName: String
    /// The bytes to sign and post.
    public let payload: [UInt8]

    /// The request as logs speak of it.
    public var reference: RequestReference? { request.map { RequestReference(id: $0, org: org, trace: trace) } }
}

/// How one attempt of a delivery went.
public struct DeliveryAttempt: Sendable {
    /// What becomes of the delivery.
    public enum Outcome: Sendable, Equatable {
        /// The endpoint took it.
        case delivered
        /// It is tried again after the delay.
        case retry(after: Duration)
        /// It is given up.
        case failed
    }

    /// The delivery.
    public let delivery: ClaimedDelivery
    /// What becomes of it.
    public let outcome: Outcome
    /// The HTTP status, when there was one.
    public let status: Int?
    /// The whole exchange, in milliseconds.
    public let milliseconds: Double
    /// What went wrong, a short word for programs; nil when the endpoint took it.
    public let substate: String?
    /// What went wrong, for people.
    public let error: String?
    /// The beginning of the endpoint's answer.
    public let answer: String?

    /// One attempt.
    public init(
        delivery: ClaimedDelivery, outcome: Outcome, status: Int?, milliseconds: Double, substate: String?,
        error: String?, answer: String?
    ) {
        self.delivery = delivery
        self.outcome = outcome
        self.status = status
        self.milliseconds = milliseconds
        self.substate = substate
        self.error = error
        self.answer = answer
    }
}

/// Webhooks: claimed, attempted, delivered.
public struct DeliveryStore: Sendable {
    private let pool: PostgresPool

    /// Statements run on the service's own pool.
    public init(pool: PostgresPool) {
        self.pool = pool
    }

    private static let claim = Statement(
        "delivery.claim",
        """
        with alive as materialized (
            select from public.worker as w where w.id = $1 and w.ended_at is null for key share
        ), due as materialized (
            select d.id from public.delivery as d
            where d.state = 'ready' and d.due_at <= (select clock_timestamp()) and exists (select from alive)
            order by d.due_at
            limit $2
            for no key update skip locked
        )
        update public.delivery as d
        set state = 'in_progress', attempt = d.attempt + 1, worker_id = $1
        from due
        where d.id = due.id
        returning d.id, d.org_id, d.activity_request_id, d.workflow_request_id, d.attempt,
            (select e.url from public.webhook_endpoint as e where e.org_id = d.org_id and e.id = d.webhook_endpoint_id),
            (select e.secret_name from public.webhook_endpoint as e where e.org_id = d.org_id and e.id = d.webhook_endpoint_id),
            d.payload,
            coalesce((select r.traceparent from public.activity_request as r where r.id = d.activity_request_id),
                     (select w.traceparent from public.workflow_request as w where w.id = d.workflow_request_id))
        """)

    private static let record = Statement(
        "delivery.record",
        """
        with input as materialized (
            select * from unnest($2::uuid[], $3::text[], $4::double precision[], $5::int[], $6::double precision[], $7::text[], $8::text[], $9::text[])
                as i(id, state, delay, status, duration_ms, error, answer, substate)
        ), owned as (
            update public.delivery as d
            set state = i.state, worker_id = null, state_reason = i.error,
                due_at = clock_timestamp() + make_interval(secs => coalesce(i.delay, 0)),
                delivered_at = case when i.state = 'delivered' then clock_timestamp() end
            from input as i
            where d.id = i.id and d.worker_id is not distinct from $1 and d.state is not distinct from 'in_progress'
            returning d.org_id, d.id, d.attempt
        ), attempted as (
            select o.org_id, o.id, o.attempt from owned as o
            union all
            -- Its request was taken up again while it was being posted: it has been tried all the same.
            select d.org_id, d.id, d.attempt
            from input as i
            join public.delivery as d on d.id = i.id
            where d.state is not distinct from 'superseded'
        )
        insert into public.delivery_attempt (org_id, delivery_id, attempt, status, duration_ms, error, answer, substate)
        select o.org_id, o.id, o.attempt, i.status, i.duration_ms, i.error, i.answer, i.substate
        from attempted as o
        join input as i on i.id = o.id
        on conflict do nothing
        """)

    // Whoever records another delivery of the same request waits here, and then sees this one.
    private static let lockRequests = Statement(
        "delivery.lock_requests",
        "select from public.activity_request as r where r.id = any ($1) order by r.id for no key update")

    // A request is delivered when the last of its endpoints has taken it.
    private static let settle = Statement(
        "delivery.settle",
        """
        with wanted as materialized (select i.id from unnest($1::uuid[]) as i(id))
        update public.activity_request as r
        set state = 'delivered'
        from wanted as w
        where r.id = w.id and r.state = 'done'
          and not exists (select from public.delivery as d where d.activity_request_id = r.id and d.state not in ('delivered', 'superseded'))
        """)

    private static let lockWorkflowRequests = Statement(
        "delivery.lock_workflow_requests",
        "select from public.workflow_request as w where w.id = any ($1) order by w.id for no key update")

    private static let settleWorkflows = Statement(
        "delivery.settle_workflows",
        """
        with wanted as materialized (select i.id from unnest($1::uuid[]) as i(id))
        update public.workflow_request as w
        set state = 'delivered'
        from wanted as i
        where w.id = i.id and w.state = 'done'
          and not exists (select from public.delivery as d where d.workflow_request_id = w.id and d.state not in ('delivered', 'superseded'))
        """)

    private static let giveBack = Statement(
        "delivery.give_back",
        """
        update public.delivery as d
        set state = 'ready', worker_id = null, due_at = clock_timestamp(),
            state_reason = 'the answer to the claim of attempt ' || d.attempt || ' was lost; it was not posted'
        where d.state = 'in_progress' and d.worker_id = $1 and d.id <> all ($2)
        """)

    private static let nextDue = Statement(
        "delivery.next_due",
        """
        select extract(epoch from d.due_at - clock_timestamp())::double precision
        from public.delivery as d where d.state = 'ready' order by d.due_at limit 1
        """)

    /// Claims deliveries that are due, the longest due first.
    public func claim(worker: WorkerID, limit: Int) async throws(PostgresError) -> [ClaimedDelivery] {
        var claimed: [ClaimedDelivery] = []
        for row in try await pool.execute(Self.claim, worker, limit) {
            let (id, org, request, workflow, attempt, url, secret, payload, traceparent) = try row.decode(
                (DeliveryID, OrgID, ActivityRequestID?, WorkflowRequestID?, Int32, String, String, Bytea, String?).self)
            claimed.append(
                ClaimedDelivery(
                    id: id, org: org, request: request, workflow: workflow,
                    trace: traceparent.flatMap { TraceContext(parsing: $0) },
                    attempt: Int(attempt), url: url, secretName: secret,
                    payload: payload.bytes))
        }
        return claimed
    }

    /// Undoes claims of this worker whose answer was lost.
    ///
    /// - Parameter known: the deliveries that the worker knows it has claimed and that are not recorded yet; they are left alone.
    /// - Returns: how many deliveries are ready again.
    public func giveBackUnknown(worker: WorkerID, known: [DeliveryID]) async throws(PostgresError) -> Int {
        try await pool.execute(Self.giveBack, worker, known).affectedRows
    }

    /// Records attempts and marks the requests whose outcome has arrived everywhere.
    public func record(_ attempts: [DeliveryAttempt], worker: WorkerID) async throws(PostgresError) {
        let taken = attempts.filter { $0.outcome == .delivered }.map(\.delivery)
        let (delivered, workflows) = (taken.compactMap(\.request), taken.compactMap(\.workflow))
        var pipeline = Pipeline()
        pipeline.add(Self.lockWorkflowRequests, workflows)
        pipeline.add(Self.lockRequests, delivered)
        pipeline.add(
            Self.record, worker,
            attempts.map(\.delivery.id),
            attempts.map(\.outcome.state),
            attempts.map(\.outcome.delaySeconds),
            attempts.map { $0.status.map(Int32.init(truncatingIfNeeded:)) },
            attempts.map(\.milliseconds),
            attempts.map(\.error),
            attempts.map(\.answer),
            attempts.map(\.substate))
        pipeline.add(Self.settle, delivered)
        pipeline.add(Self.settleWorkflows, workflows)
        _ = try await pool.run(pipeline)
    }

    /// How long until the next delivery is due; nil when none waits. Negative when it is overdue.
    public func nextDue() async throws(PostgresError) -> Duration? {
        guard let row = try await pool.execute(Self.nextDue).first else { return nil }
        return .seconds(try row.decode(Double.self, at: 0))
    }
}

extension DeliveryAttempt.Outcome {
    fileprivate var state: String {
        switch self {
        case .delivered: "delivered"
        case .retry: "ready"
        case .failed: "failed"
        }
    }

    fileprivate var delaySeconds: Double? {
        guard case .retry(let delay) = self else { return nil }
        return Double(delay.components.seconds) + Double(delay.components.attoseconds) / 1e18
    }
}

import Contracts
import Postgres

/// Webhooks: claimed by endpoint, attempted, delivered (docs/decisions/0021).
public struct DeliveryStore: Sendable {
    private let pool: PostgresPool

    /// Statements run on the service's own pool.
    public init(pool: PostgresPool) {
        self.pool = pool
    }

    private static let work = Statement(
        "delivery.work",
        """
        select org_id, webhook_endpoint_id,
               extract(epoch from greatest(due_at, held_until) - clock_timestamp())::double precision, is_proven, is_ended
        from etl_api.endpoints_with_deliveries($1, $2)
        """)

    private static let claim = Statement(
        "delivery.claim",
        """
        select id, org_id, webhook_endpoint_id, activity_request_id, event_type, attempt, attempts_before, url, headers, secret_name,
               secret_ids, sealed_secrets, payload, traceparent
        from etl_api.claim_deliveries($1, $2, $3, $4, $5)
        """)

    // Whoever records another delivery of the same request waits here, and then sees this one.
    private static let lockRequests = Statement(
        "delivery.lock_requests",
        """
        with wanted as materialized (
            select distinct d.activity_request_id as id from unnest($1::uuid[]) as i(id) join public.delivery as d on d.id = i.id
        ), ordered as materialized (
            select w.id from wanted as w where w.id is not null order by w.id
        )
        select from ordered as o join public.activity_request as r on r.id = o.id order by r.id for no key update of r
        """)

    private static let lockWorkflowRequests = Statement(
        "delivery.lock_workflow_requests",
        """
        with wanted as materialized (
            select distinct d.workflow_request_id as id from unnest($1::uuid[]) as i(id) join public.delivery as d on d.id = i.id
        ), ordered as materialized (
            select w.id from wanted as w where w.id is not null order by w.id
        )
        select from ordered as o join public.workflow_request as r on r.id = o.id order by r.id for no key update of r
        """)

    private static let record = Statement(
        "delivery.record",
        """
        with input as materialized (
            select i.*, clock_timestamp() + make_interval(secs => i.delay) as next_at
            from unnest($2::uuid[], $3::text[], $4::double precision[], $5::int[], $6::double precision[], $7::text[], $8::text[], $9::text[], $10::int[])
                as i(id, state, delay, status, duration_ms, error, answer, substate, attempt)
        ), owned as (
            update public.delivery as d
            set state = i.state, worker_id = null, state_reason = i.error,
                due_at = coalesce(i.next_at, clock_timestamp()),
                attempts_before = case when i.state = 'ready' then d.attempts_before else d.attempt end,
                -- One that was taken and sent again has been taken all the same.
                delivered_at = case when i.state = 'delivered' then coalesce(d.delivered_at, clock_timestamp()) else d.delivered_at end
            from input as i
            where d.id = i.id and d.worker_id is not distinct from $1 and d.state is not distinct from 'in_progress'
              -- Only the attempt that it was claimed for: its record may be repeated when the answer was lost, and another be under way by then.
              and d.attempt is not distinct from i.attempt
            returning d.org_id, d.id, d.attempt, i.next_at
        ), attempted as (
            select o.org_id, o.id, o.attempt, o.next_at from owned as o
            union all
            -- Its request was taken up again while it was being posted: it has been tried all the same.
            select d.org_id, d.id, d.attempt, null
            from input as i
            join public.delivery as d on d.id = i.id
            where d.state is not distinct from 'superseded' and d.attempt is not distinct from i.attempt
        )
        insert into public.delivery_attempt (org_id, delivery_id, attempt, status, duration_ms, error, answer, substate, next_at)
        select o.org_id, o.id, o.attempt, i.status, i.duration_ms, i.error, i.answer, i.substate, o.next_at
        from attempted as o
        join input as i on i.id = o.id
        on conflict do nothing
        """)

    private static let note = Statement(
        "delivery.note",
        "select org_id, webhook_endpoint_id, event from etl_api.note_delivery_attempts($1, $2, $3, $4)")

    // A request is delivered when the last of its endpoints has taken it.
    private static let settle = Statement(
        "delivery.settle",
        """
        with wanted as materialized (
            select distinct d.activity_request_id as id from unnest($1::uuid[]) as i(id) join public.delivery as d on d.id = i.id
        )
        update public.activity_request as r
        set state = 'delivered'
        from wanted as w
        where r.id = w.id and r.state = 'done'
          and not exists (select from public.delivery as d where d.activity_request_id = r.id and d.delivered_at is null and d.state <> 'superseded')
        """)

    private static let settleWorkflows = Statement(
        "delivery.settle_workflows",
        """
        with wanted as materialized (
            select distinct d.workflow_request_id as id from unnest($1::uuid[]) as i(id) join public.delivery as d on d.id = i.id
        )
        update public.workflow_request as r
        set state = 'delivered'
        from wanted as w
        where r.id = w.id and r.state = 'done'
          and not exists (select from public.delivery as d where d.workflow_request_id = r.id and d.delivered_at is null and d.state <> 'superseded')
        """)

    private static let giveBack = Statement(
        "delivery.give_back",
        """
        update public.delivery as d
        set state = 'ready', worker_id = null, due_at = clock_timestamp(), attempts_before = d.attempts_before + 1,
            state_reason = 'the answer to the claim of attempt ' || d.attempt || ' was lost; it was not posted'
        where d.state = 'in_progress' and d.worker_id = $1 and d.id <> all ($2)
        """)

    private static let giveUp = Statement(
        "delivery.give_up",
        """
        with ended as materialized (
            select e.id, case when e.deleted_at is not null then 'its endpoint ' || e.key || ' is not there any more'
                              else 'its endpoint ' || e.key || ' is disabled: ' || coalesce(e.disabled_reason, 'no reason was given') end as reason
            from public.webhook_endpoint as e
            where e.org_id = $1 and e.id = $2 and (e.disabled_at is not null or e.deleted_at is not null)
        ), waiting as materialized (
            select d.id, e.reason
            from ended as e
            cross join lateral (
                select d.id from public.delivery as d
                where d.webhook_endpoint_id = e.id and d.state = 'ready'
                order by d.due_at
                limit $3
                for no key update skip locked
            ) as d
        )
        update public.delivery as d
        set state = 'failed', state_reason = w.reason, due_at = clock_timestamp(), attempts_before = d.attempt
        from waiting as w
        where d.id = w.id
        """)

    /// The endpoints for which deliveries are ready, in the order of their ids: from the first one behind `after` on.
    public func work(after: EndpointID?, limit: Int) async throws(PostgresError) -> [EndpointWork] {
        var work: [EndpointWork] = []
        for row in try await pool.execute(Self.work, after, Int32(clamping: limit)) {
            let (org, endpoint, seconds, isProven, isEnded) = try row.decode(
                (OrgID, EndpointID, Double, Bool, Bool).self)
            work.append(
                EndpointWork(
                    org: org, endpoint: endpoint, wait: .seconds(seconds), isProven: isProven, isEnded: isEnded))
        }
        return work
    }

    /// Claims deliveries that are due, of each endpoint the longest due first, as many as there is room for and as its breaker, rate and
    /// order allow.
    ///
    /// - Parameter probe: how long a delivery may take that probes whether an endpoint takes anything again; then another one does.
    public func claim(
        _ turns: [EndpointTurn], worker: WorkerID, probe: Duration
    ) async throws(PostgresError) -> [ClaimedDelivery] {
        var claimed: [ClaimedDelivery] = []
        let rows = try await pool.execute(
            Self.claim, worker, turns.map(\.org), turns.map(\.endpoint), turns.map { Int32(clamping: $0.room) },
            probe.inSeconds)
        for row in rows {
            let (
                id, org, endpoint, request, eventType, attempt, before, url, headers, secret, secretIDs, sealed,
                payload,
                traceparent
            ) = try row.decode(
                (
                    DeliveryID, OrgID, EndpointID, ActivityRequestID?, String, Int32, Int32, String, JSONB, String?,
                    [WebhookSecretID], [Bytea], Bytea, String?
                ).self)
            claimed.append(
                ClaimedDelivery(
                    id: id, org: org, endpoint: endpoint, request: request, eventType: eventType,
                    trace: traceparent.flatMap { TraceContext(parsing: $0) }, attempt: Int(attempt),
                    attemptsBefore: Int(before), url: url, headers: headers, secretName: secret,
                    sealedSecrets: zip(secretIDs, sealed).map { .init(id: $0, bytes: $1.bytes) },
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

    /// Records attempts, marks the requests whose outcome has arrived everywhere, and notes how endpoints do.
    ///
    /// - Parameter disableAfter: an endpoint that nothing has got through to for so long is disabled.
    /// - Returns: what has become of endpoints.
    public func record(
        _ attempts: [DeliveryAttempt], worker: WorkerID, disableAfter: Duration
    ) async throws(PostgresError) -> [EndpointEvent] {
        let all = attempts.map(\.delivery.id)
        let delivered = attempts.filter { $0.outcome == .delivered }.map(\.delivery.id)
        var pipeline = Pipeline()
        // In the order in which everybody locks them: a workflow request before the activity requests that are its steps.
        pipeline.add(Self.lockWorkflowRequests, delivered)
        pipeline.add(Self.lockRequests, delivered)
        pipeline.add(
            Self.record, worker, all,
            attempts.map(\.outcome.state),
            attempts.map(\.outcome.delaySeconds),
            attempts.map { $0.status.map(Int32.init(truncatingIfNeeded:)) },
            attempts.map(\.milliseconds),
            attempts.map(\.error),
            attempts.map(\.answer),
            attempts.map(\.substate),
            attempts.map { Int32($0.delivery.attempt) })
        pipeline.add(
            Self.note, all, attempts.map(\.finding.isTaken), attempts.map { $0.finding == .gone },
            disableAfter.inSeconds)
        pipeline.add(Self.settle, delivered)
        pipeline.add(Self.settleWorkflows, delivered)
        var events: [EndpointEvent] = []
        for row in try await pool.run(pipeline)[3] {
            let (org, endpoint, change) = try row.decode((OrgID, EndpointID, String).self)
            if let change = EndpointEvent.Change(rawValue: change) {
                events.append(EndpointEvent(org: org, endpoint: endpoint, change: change))
            }
        }
        return events
    }

    /// Gives up deliveries that are ready for an endpoint which is disabled or deleted.
    ///
    /// - Returns: how many; `limit` at the most.
    public func giveUp(org: OrgID, endpoint: EndpointID, limit: Int) async throws(PostgresError) -> Int {
        try await pool.execute(Self.giveUp, org, endpoint, Int32(clamping: limit)).affectedRows
    }
}

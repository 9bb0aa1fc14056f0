import Contracts
import Postgres

/// Webhooks: claimed by endpoint, attempted, delivered (docs/decisions/0021).
public struct DeliveryStore: Sendable {
    let pool: PostgresPool

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

    private static let giveBack = Statement(
        "delivery.give_back",
        """
        with held as materialized (
            -- In the order in which everybody locks deliveries.
            select d.id from public.delivery as d
            where d.state = 'in_progress' and d.worker_id = $1 and d.id <> all ($2)
            order by d.id
            for no key update
        )
        update public.delivery as d
        set state = 'ready', worker_id = null, due_at = clock_timestamp(), attempts_before = d.attempts_before + 1,
            state_reason = 'the answer to the claim of attempt ' || d.attempt || ' was lost; it was not posted'
        from held as h
        where d.id = h.id
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

    /// Gives up deliveries that are ready for an endpoint which is disabled or deleted.
    ///
    /// - Returns: how many; `limit` at the most.
    public func giveUp(org: OrgID, endpoint: EndpointID, limit: Int) async throws(PostgresError) -> Int {
        try await pool.execute(Self.giveUp, org, endpoint, Int32(clamping: limit)).affectedRows
    }
}

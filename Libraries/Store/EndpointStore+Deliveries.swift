import Contracts
import Postgres

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// One attempt of a delivery, as it went.
public struct AttemptRecord: Sendable {
    /// Which attempt it was, from 1.
    public let attempt: Int
    /// When it ended.
    public let at: Date
    /// The HTTP status; nil when there was no answer.
    public let status: Int?
    /// The whole exchange.
    public let milliseconds: Double
    /// Why it failed, a short word for programs.
    public let substate: String?
    /// Why it failed, a sentence for people.
    public let reason: String?
    /// The beginning of the endpoint's answer.
    public let answer: String?
    /// When the next one was to be made; nil when there was to be none.
    public let nextAttemptAt: Date?
}

extension AttemptRecord {
    /// Reads the columns of an attempt; nil when there is none.
    fileprivate init?(_ row: Row, from first: Int) throws(PostgresError) {
        guard let attempt = try row.decode(Int32?.self, at: first) else { return nil }
        self.init(
            attempt: Int(attempt), at: try row.decode(Date.self, at: first + 1),
            status: try row.decode(Int32?.self, at: first + 2).map { Int($0) },
            milliseconds: try row.decode(Double.self, at: first + 3),
            substate: try row.decode(String?.self, at: first + 4), reason: try row.decode(String?.self, at: first + 5),
            answer: try row.decode(String?.self, at: first + 6),
            nextAttemptAt: try row.decode(Date?.self, at: first + 7))
    }
}

/// What became of one page of deliveries that were given up.
public struct RecoveredPage: Sendable {
    /// Deliveries that are ready again.
    public let recovered: Int
    /// From when on to look next; nil after the last.
    public let next: Date?
}

extension EndpointStore {
    /// How many deliveries are looked at for one page, at the most.
    static let listPage = 1_000
    /// How many deliveries are made ready in one call, at the most.
    static let recoverPage = 1_000
    /// How many attempts of a delivery are shown, the newest.
    static let attemptsShown = 100

    // A page is bounded by the deliveries that are looked at, so that a rare state among many takes several pages, not one long one.
    private static let listDeliveries = Statement(
        "endpoint.list_deliveries",
        """
        with seen as materialized (
            select d.id, d.org_id, d.webhook_endpoint_id, d.event_type, d.activity_request_id, d.workflow_request_id, d.state,
                   d.state_reason, d.attempt, d.created_at, d.due_at, d.delivered_at
            from public.delivery as d
            where d.webhook_endpoint_id = $2 and d.id < $3 and d.org_id is not distinct from $1
            order by d.id desc
            limit $4
        ), counted as materialized (
            select count(*) as count, (array_agg(s.id order by s.id))[1] as last from seen as s
        ), found as materialized (
            select s.* from seen as s where $5::text[] is null or s.state = any ($5) order by s.id desc limit $6
        )
        select n.count, n.last, \(DeliveryRecord.columns)
        from counted as n
        left join found as s on true
        left join public.webhook_endpoint as e on e.org_id = s.org_id and e.id = s.webhook_endpoint_id
        \(DeliveryRecord.lastAttempt)
        order by s.id desc
        """)

    // In one statement: read one after the other, a delivery could be under way that the last of its attempts has ended.
    private static let find = Statement(
        "endpoint.find_delivery",
        """
        select \(DeliveryRecord.columns), a.attempt, a.at, a.status, a.duration_ms::double precision, a.substate, a.error, a.answer, a.next_at
        from public.delivery as s
        join public.webhook_endpoint as e on e.org_id = s.org_id and e.id = s.webhook_endpoint_id
        \(DeliveryRecord.lastAttempt)
        left join lateral (
            select * from public.delivery_attempt as a where a.delivery_id = s.id order by a.attempt desc limit $3
        ) as a on true
        where s.id = $2 and s.org_id is not distinct from $1
        order by a.attempt
        """)

    // The schedule of its retries begins anew: what it has behind it was noted when it was over.
    private static let resend = Statement(
        "endpoint.resend",
        """
        update public.delivery as d
        set state = 'ready', due_at = clock_timestamp(), worker_id = null, state_reason = $3
        where d.id = $2 and d.org_id is not distinct from $1 and d.state in ('ready', 'failed', 'delivered')
          and not exists (select from public.webhook_endpoint as e
                          where e.org_id = d.org_id and e.id = d.webhook_endpoint_id and e.disabled_at is not null)
        """)

    private static let refusal = Statement(
        "endpoint.resend_refusal",
        """
        select d.state, e.key, e.disabled_at is not null, e.disabled_reason
        from public.delivery as d
        join public.webhook_endpoint as e on e.org_id = d.org_id and e.id = d.webhook_endpoint_id
        where d.id = $2 and d.org_id is not distinct from $1
        """)

    // What was made ready is no longer among those that were given up, so that the next page begins at the last moment of this one.
    private static let recover = Statement(
        "endpoint.recover",
        """
        with failed as materialized (
            select d.id, d.ended_at from public.delivery as d
            where d.webhook_endpoint_id = $2 and d.state = 'failed' and d.ended_at >= $3 and d.ended_at <= (select coalesce($4, clock_timestamp()))
              and d.org_id is not distinct from $1
            order by d.ended_at
            limit $5
            for no key update skip locked
        ), recovered as (
            update public.delivery as d
            set state = 'ready', due_at = clock_timestamp(), worker_id = null, state_reason = $6
            from failed as f
            where d.id = f.id
            returning f.ended_at
        )
        select count(*), max(ended_at) from recovered
        """)

    /// Deliveries to an endpoint, the newest first.
    ///
    /// - Parameters:
    ///   - before: only older ones than this; nil from the newest on.
    ///   - states: only those in one of these states; nil for all.
    /// - Returns: the deliveries, and before which to go on; nil when there are no more.
    public func deliveries(
        to endpoint: EndpointID, org: OrgID, before: DeliveryID?, states: [String]?, limit: Int
    ) async throws -> (deliveries: [DeliveryRecord], next: DeliveryID?) {
        var deliveries: [DeliveryRecord] = []
        var next: DeliveryID?
        for row in try await pool.execute(
            Self.listDeliveries, org, endpoint, before ?? Self.newest, Int32(Self.listPage), states, Int32(limit))
        {
            // Where the page ended, unless the list ends before it.
            if try row.decode(Int64.self, at: 0) == Int64(Self.listPage) {
                next = try row.decode(DeliveryID?.self, at: 1)
            }
            if try row.decode(DeliveryID?.self, at: 2) != nil { deliveries.append(try DeliveryRecord(row, from: 2)) }
        }
        if deliveries.count == limit { next = deliveries.last?.id }
        return (deliveries, next)
    }

    /// A delivery with its newest attempts in the order in which they were made; nil when there is none.
    public func delivery(
        _ id: DeliveryID, org: OrgID
    ) async throws -> (delivery: DeliveryRecord, attempts: [AttemptRecord])? {
        let rows = try await pool.execute(Self.find, org, id, Int32(Self.attemptsShown))
        guard let first = rows.first else { return nil }
        return (
            try DeliveryRecord(first, from: 0),
            try rows.compactMap { try AttemptRecord($0, from: DeliveryRecord.columnCount) }
        )
    }

    /// Makes a delivery ready to be posted now, with all its attempts before it.
    ///
    /// - Throws: ``EndpointRefusal``.
    public func resend(_ id: DeliveryID, org: OrgID, reason: String) async throws {
        if try await pool.execute(Self.resend, org, id, reason).affectedRows > 0 { return }
        guard let row = try await pool.execute(Self.refusal, org, id).first else {
            throw EndpointRefusal.unknownDelivery
        }
        let (state, key, isDisabled, why) = try row.decode((String, String, Bool, String?).self)
        if state == "superseded" { throw EndpointRefusal.superseded }
        if isDisabled { throw EndpointRefusal.disabled(endpoint: key, reason: why) }
        throw EndpointRefusal.beingPosted
    }

    /// Makes one page of the deliveries ready that were given up between two moments, the first given up first.
    ///
    /// - Parameter until: nil until now.
    public func recover(
        _ endpoint: EndpointID, org: OrgID, since: Date, until: Date?, reason: String
    ) async throws(PostgresError) -> RecoveredPage {
        let (count, last) = try await pool.execute(
            Self.recover, org, endpoint, since, until, Int32(Self.recoverPage), reason)[0].decode((Int64, Date?).self)
        return RecoveredPage(recovered: Int(count), next: count == Int64(Self.recoverPage) ? last : nil)
    }

    private static let newest = DeliveryID(
        UUID(uuid: (255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255)))
}

import Contracts
import Postgres

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// How a delivery stands.
public struct DeliveryRecord: Sendable {
    /// The delivery, known to its receiver as `webhook-id`.
    public let id: DeliveryID
    /// The key of the endpoint.
    public let endpoint: String
    /// What it tells, such as `activity_request.completed`.
    public let event: String
    /// The activity request that it is about; nil when it is about none.
    public let activityRequest: ActivityRequestID?
    /// The workflow request that it is about, as text; nil when it is about none.
    public let workflowRequest: String?
    /// `ready`, `in_progress`, `failed`, `delivered` or `superseded`.
    public let state: String
    /// A sentence, when there is something to say.
    public let reason: String?
    /// The number of its last attempt, that under way included. Some may not have been made: what nobody could post was put off.
    public let attempts: Int
    /// Why the last attempt failed, a short word for programs.
    public let substate: String?
    /// When it was made.
    public let createdAt: Date
    /// When the last attempt ended.
    public let lastAttemptAt: Date?
    /// When the next one is due; nil when there is none, or one is under way.
    public let nextAttemptAt: Date?
    /// When the endpoint took it first.
    public let deliveredAt: Date?
}

extension DeliveryRecord {
    /// The columns of ``init(_:from:)``: of the delivery `s`, its endpoint `e` and ``lastAttempt``.
    static let columns = """
        s.id, e.key, s.event_type, s.activity_request_id, s.workflow_request_id::text, s.state, s.state_reason, s.attempt, t.substate,
        s.created_at, t.at, case when s.state = 'ready' then s.due_at end, s.delivered_at
        """

    /// How many they are.
    static let columnCount = 13

    /// The last attempt `t` of the delivery `s`.
    static let lastAttempt = """
        left join lateral (
            select t.substate, t.at from public.delivery_attempt as t
            where t.delivery_id = s.id order by t.attempt desc limit 1
        ) as t on true
        """

    /// The deliveries of a request's outcome in its present round, by endpoint.
    ///
    /// - Parameter table: the request's; the column of `delivery` is called after it.
    static func statement(ofRequestIn table: String) -> Statement {
        Statement(
            "delivery.of_\(table)",
            """
            select \(columns)
            from public.delivery as s
            join public.webhook_endpoint as e on e.org_id = s.org_id and e.id = s.webhook_endpoint_id
            \(lastAttempt)
            where s.\(table)_id = $2 and s.org_id is not distinct from $1
              and s.round = (select r.round from public.\(table) as r where r.id = s.\(table)_id)
            order by e.key
            """)
    }

    init(_ row: Row, from first: Int) throws(PostgresError) {
        id = try row.decode(DeliveryID.self, at: first)
        endpoint = try row.decode(String.self, at: first + 1)
        event = try row.decode(String.self, at: first + 2)
        activityRequest = try row.decode(ActivityRequestID?.self, at: first + 3)
        workflowRequest = try row.decode(String?.self, at: first + 4)
        state = try row.decode(String.self, at: first + 5)
        reason = try row.decode(String?.self, at: first + 6)
        attempts = Int(try row.decode(Int32.self, at: first + 7))
        substate = try row.decode(String?.self, at: first + 8)
        createdAt = try row.decode(Date.self, at: first + 9)
        lastAttemptAt = try row.decode(Date?.self, at: first + 10)
        nextAttemptAt = try row.decode(Date?.self, at: first + 11)
        deliveredAt = try row.decode(Date?.self, at: first + 12)
    }
}

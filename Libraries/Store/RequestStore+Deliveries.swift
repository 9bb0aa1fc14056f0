import Contracts
import Postgres

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// How the delivery of a request's outcome to one endpoint stands.
public struct DeliveryStatus: Sendable {
    /// The key of the endpoint.
    public let endpoint: String
    /// `ready`, `in_progress`, `failed` or `delivered`.
    public let state: String
    /// How often it has been posted, the attempt under way included.
    public let attempts: Int
    /// Why the last attempt failed, a short word for programs.
    public let substate: String?
    /// Why the last attempt failed, a sentence for people.
    public let reason: String?
    /// When the last attempt ended.
    public let lastAttemptAt: Date?
    /// When the next one is due; nil when there is none, or one is under way.
    public let nextAttemptAt: Date?
    /// When the endpoint took it.
    public let deliveredAt: Date?
}

extension RequestStore {
    private static let deliveries = Statement(
        "request.deliveries",
        """
        select (select e.key from public.webhook_endpoint as e
                where e.org_id = d.org_id and e.id = d.webhook_endpoint_id) as endpoint,
               d.state, d.attempt, t.substate, d.state_reason, t.at,
               case when d.state = 'ready' then d.due_at end, d.delivered_at
        from public.delivery as d
        left join lateral (
            select t.substate, t.at from public.delivery_attempt as t
            where t.delivery_id = d.id order by t.attempt desc limit 1
        ) as t on true
        where d.activity_request_id = $2 and d.org_id is not distinct from $1
          and d.round = (select r.round from public.activity_request as r where r.id = d.activity_request_id)
        order by 1
        """)

    /// The deliveries of a request's outcome, by endpoint; none before it has ended.
    public func deliveries(of id: ActivityRequestID, org: OrgID) async throws(PostgresError) -> [DeliveryStatus] {
        try await pool.execute(Self.deliveries, org, id).deliveryStatuses()
    }
}

extension QueryResult {
    /// Rows of an outcome's deliveries.
    func deliveryStatuses() throws(PostgresError) -> [DeliveryStatus] {
        var deliveries: [DeliveryStatus] = []
        for row in self {
            let (endpoint, state, attempts, substate, reason, last, next, delivered) = try row.decode(
                (String, String, Int32, String?, String?, Date?, Date?, Date?).self)
            deliveries.append(
                DeliveryStatus(
                    endpoint: endpoint, state: state, attempts: Int(attempts), substate: substate, reason: reason,
                    lastAttemptAt: last, nextAttemptAt: next, deliveredAt: delivered))
        }
        return deliveries
    }
}

import Contracts
import Postgres

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Looking after webhook endpoints: what they are, whether they are disabled, their secrets and their deliveries.
public struct EndpointStore: Sendable {
    let pool: PostgresPool

    /// Statements run on intake's pool.
    public init(pool: PostgresPool) {
        self.pool = pool
    }

    // While a probe is under way nobody has to wait: its outcome opens or closes the breaker.
    private static let list = Statement(
        "endpoint.list",
        """
        select e.id, e.key, e.url, e.secret_name, e.event_types, array(select h.name from jsonb_object_keys(e.headers) as h(name) order by 1),
               e.calls, e.per_seconds, e.is_ordered, e.disabled_at, e.disabled_reason, h.failing_since, h.last_success_at,
               case when h.probe_id is null and h.open_until > clock_timestamp() then h.open_until end
        from public.webhook_endpoint as e
        left join public.endpoint_health as h on h.webhook_endpoint_id = e.id
        where e.org_id = $1 and e.key > $2 and ($3::text is null or e.key = $3) and e.deleted_at is null
        order by e.key
        limit $4
        """)

    private static let secrets = Statement(
        "endpoint.secrets",
        """
        select s.webhook_endpoint_id, s.id, s.kind, s.public_key, s.created_at, s.expires_at
        from unnest($1::uuid[]) as i(id)
        join public.webhook_secret as s on s.webhook_endpoint_id = i.id
        where coalesce(s.expires_at > clock_timestamp(), true)
        order by s.id
        """)

    private static let keys = Statement(
        "endpoint.keys",
        "select e.key from public.webhook_endpoint as e where e.org_id = $1 and e.deleted_at is null order by e.key limit 50"
    )

    // What has failed before says nothing about it any more, and nor does what got through. What its rate has used up stays so.
    private static let resetHealth = Statement(
        "endpoint.reset_health",
        """
        update public.endpoint_health as h
        set failing_since = null, last_success_at = null, open_until = null, probe_id = null, opened = 0,
            attempts = '{0,0,0,0,0}', failures = '{0,0,0,0,0}'
        where h.webhook_endpoint_id = $2 and h.org_id is not distinct from $1
        """)

    private static let enable = Statement(
        "endpoint.enable",
        """
        update public.webhook_endpoint as e set disabled_at = null, disabled_reason = null where e.org_id = $1 and e.id = $2
        """)

    private static let disable = Statement(
        "endpoint.disable",
        """
        update public.webhook_endpoint as e set disabled_at = clock_timestamp(), disabled_reason = $3
        where e.org_id = $1 and e.id = $2 and e.disabled_at is null
        """)

    private static let send = Statement(
        "endpoint.send",
        """
        insert into public.delivery (org_id, id, webhook_endpoint_id, event_type, payload)
        select e.org_id, $3, e.id, $4, $5 from public.webhook_endpoint as e
        where e.org_id = $1 and e.id = $2 and e.disabled_at is null
        """)

    /// The endpoints of an organization, by key.
    ///
    /// - Parameter after: only those whose keys come after this.
    public func list(org: OrgID, after: String = "", limit: Int) async throws -> [WebhookEndpoint] {
        try await endpoints(org, after: after, key: nil, limit: limit)
    }

    /// An endpoint.
    ///
    /// - Throws: ``EndpointRefusal/unknownEndpoint(known:)``.
    public func endpoint(_ key: String, org: OrgID) async throws -> WebhookEndpoint {
        guard let endpoint = try await endpoints(org, after: "", key: key, limit: 1).first else {
            throw EndpointRefusal.unknownEndpoint(
                known: try await pool.execute(Self.keys, org).map { try $0.decode(String.self, at: 0) })
        }
        return endpoint
    }

    private func endpoints(_ org: OrgID, after: String, key: String?, limit: Int) async throws -> [WebhookEndpoint] {
        var endpoints: [WebhookEndpoint] = []
        for row in try await pool.execute(Self.list, org, after, key, Int32(limit)) {
            let (
                id, key, url, secret, types, headers, calls, stretch, isOrdered, disabledAt, reason, failing, success,
                pause
            ) = try row.decode(
                (
                    EndpointID, String, String, String?, [String]?, [String], Int32?, Double?, Bool, Date?, String?,
                    Date?, Date?, Date?
                ).self)
            endpoints.append(
                WebhookEndpoint(
                    id: id, key: key, url: url, secretName: secret, eventTypes: types, headerNames: headers,
                    rate: calls.map { (calls: Int($0), perSeconds: stretch ?? 1) }, isOrdered: isOrdered,
                    disabled: disabledAt.map { (at: $0, reason: reason) }, failingSince: failing,
                    lastSuccessAt: success, pausedUntil: pause))
        }
        var secrets: [EndpointID: [WebhookSecretRecord]] = [:]
        for row in try await pool.execute(Self.secrets, endpoints.map(\.id)) {
            let (endpoint, id, kind, publicKey, created, expires) = try row.decode(
                (EndpointID, WebhookSecretID, String, String?, Date, Date?).self)
            secrets[endpoint, default: []].append(
                WebhookSecretRecord(
                    id: id, kind: kind, publicKey: publicKey, createdAt: created, expiresAt: expires))
        }
        for index in endpoints.indices { endpoints[index].secrets = secrets[endpoints[index].id] ?? [] }
        return endpoints
    }

    /// Lets an endpoint get events again.
    public func enable(_ endpoint: EndpointID, org: OrgID) async throws(PostgresError) {
        var pipeline = Pipeline()
        // In the order of whoever records attempts: the health first, and then perhaps the endpoint.
        pipeline.add(Self.resetHealth, org, endpoint)
        pipeline.add(Self.enable, org, endpoint)
        _ = try await pool.run(pipeline)
    }

    /// Keeps events from an endpoint; one that is disabled already keeps its reason.
    public func disable(_ endpoint: EndpointID, org: OrgID, reason: String) async throws(PostgresError) {
        _ = try await pool.execute(Self.disable, org, endpoint, reason)
    }

    /// Makes a delivery to one endpoint, whatever events it has asked for.
    ///
    /// - Returns: false when the endpoint is disabled.
    public func send(
        _ event: WebhookEvent, as id: DeliveryID, to endpoint: EndpointID, org: OrgID, payload: [UInt8]
    ) async throws(PostgresError) -> Bool {
        try await pool.execute(Self.send, org, endpoint, id, event.rawValue, Bytea(payload)).affectedRows > 0
    }
}

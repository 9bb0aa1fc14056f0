import Contracts
import Postgres

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A signing secret that was made just now.
public struct NewWebhookSecret: Sendable {
    /// `whsec` or `whsk`.
    public let kind: String
    /// What is kept: the secret, sealed.
    public let sealed: [UInt8]
    /// What verifies its signatures, `whpk_…`; nil where the secret itself does.
    public let publicKey: String?

    /// A new secret.
    public init(kind: String, sealed: [UInt8], publicKey: String?) {
        self.kind = kind
        self.sealed = sealed
        self.publicKey = publicKey
    }
}

extension EndpointStore {
    /// How many secrets of an endpoint sign at once: receivers look at a bounded number of signatures.
    public static let secretsMax = 8

    // Whoever makes or revokes another secret of the endpoint waits here.
    private static let lock = Statement(
        "endpoint.lock",
        """
        select e.secret_name is not null from public.webhook_endpoint as e where e.org_id = $1 and e.id = $2
        for no key update
        """)

    private static let signing = Statement(
        "endpoint.signing_secrets",
        """
        select s.id, s.kind from public.webhook_secret as s
        where s.webhook_endpoint_id = $1 and coalesce(s.expires_at > clock_timestamp(), true)
        order by s.id
        """)

    private static let expire = Statement(
        "endpoint.expire_secrets",
        """
        update public.webhook_secret as s
        set expires_at = least(s.expires_at, clock_timestamp() + make_interval(secs => $2))
        where s.webhook_endpoint_id = $1
        """)

    private static let forget = Statement(
        "endpoint.forget_secrets",
        "delete from public.webhook_secret as s where s.webhook_endpoint_id = $1 and s.expires_at <= clock_timestamp()")

    private static let add = Statement(
        "endpoint.add_secret",
        """
        insert into public.webhook_secret (org_id, id, webhook_endpoint_id, kind, sealed, public_key)
        values ($1, $2, $3, $4, $5, $6)
        returning created_at
        """)

    private static let revoke = Statement(
        "endpoint.revoke_secret",
        "delete from public.webhook_secret as s where s.webhook_endpoint_id = $1 and s.id = $2")

    /// Keeps a new secret of an endpoint. Those that it takes the place of sign until the grace is over, and are deleted then or later.
    ///
    /// - Parameter make: makes a secret, given the kind of the newest that there is; nil when there is none.
    /// - Throws: ``EndpointRefusal/tooManySecrets(maximum:)``, and what `make` throws.
    public func addSecret(
        _ id: WebhookSecretID, to endpoint: EndpointID, org: OrgID, grace: Duration,
        make: @Sendable (_ newestKind: String?) throws -> NewWebhookSecret
    ) async throws -> WebhookSecretRecord {
        try await pool.transaction { transaction in
            var old = Pipeline()
            old.add(Self.lock, org, endpoint)
            old.add(Self.expire, endpoint, grace.inSeconds)
            old.add(Self.forget, endpoint)
            _ = try await transaction.run(old)
            let signing = try await Self.signing(endpoint, in: transaction)
            guard signing.count < Self.secretsMax else {
                throw EndpointRefusal.tooManySecrets(maximum: Self.secretsMax)
            }
            let secret = try make(signing.last?.kind)
            let row = try await transaction.execute(
                Self.add, org, id, endpoint, secret.kind, Bytea(secret.sealed), secret.publicKey)[0]
            return WebhookSecretRecord(
                id: id, kind: secret.kind, publicKey: secret.publicKey, createdAt: try row.decode(Date.self, at: 0),
                expiresAt: nil)
        }
    }

    /// Deletes a secret, which signs no more from then on.
    ///
    /// - Throws: ``EndpointRefusal/unknownSecret``, ``EndpointRefusal/lastSecret``.
    public func revokeSecret(_ id: WebhookSecretID, of endpoint: EndpointID, org: OrgID) async throws {
        try await pool.transaction { transaction in
            let hasNamedSecret =
                try await transaction.execute(Self.lock, org, endpoint).first?.decode(Bool.self, at: 0) ?? false
            let signing = try await Self.signing(endpoint, in: transaction)
            guard signing.contains(where: { $0.id == id }) else { throw EndpointRefusal.unknownSecret }
            guard signing.count > 1 || hasNamedSecret else { throw EndpointRefusal.lastSecret }
            _ = try await transaction.execute(Self.revoke, endpoint, id)
        }
    }

    private static func signing(
        _ endpoint: EndpointID, in transaction: PostgresTransaction
    ) async throws -> [(id: WebhookSecretID, kind: String)] {
        try await transaction.execute(Self.signing, endpoint).map { row in
            let (id, kind) = try row.decode((WebhookSecretID, String).self)
            return (id: id, kind: kind)
        }
    }
}

import Contracts
import Postgres

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// An API key as lists show it; the key itself is never kept.
public struct APIKeyRecord: Sendable {
    /// Its id.
    public let id: APIKeyID
    /// The key of the organization.
    public let org: String
    /// What it was made for.
    public let name: String
    /// The beginning of the key, to tell keys apart.
    public let prefix: String
    /// When it was made.
    public let createdAt: Date
    /// When it ceased to be good; nil while it is.
    public let revokedAt: Date?
}

/// Who a key speaks for.
public struct Client: Sendable {
    /// The tenant.
    public let org: OrgID
    /// What the key was made for.
    public let keyName: String

    /// As the history names them.
    public var actor: String { "key \(keyName)" }
}

/// Keys of clients: only their SHA-256 is kept.
public struct APIKeyStore: Sendable {
    private let pool: PostgresPool

    /// Statements run on the given pool.
    public init(pool: PostgresPool) {
        self.pool = pool
    }

    private static let authenticate = Statement(
        "api_key.authenticate", "select org_id, name from public.api_key where key_hash = $1 and revoked_at is null")

    private static let create = Statement(
        "api_key.create",
        """
        insert into public.api_key (org_id, name, prefix, key_hash)
        select o.id, $2, $3, $4 from public.org as o where o.key = $1 and o.deleted_at is null
        returning id
        """)

    private static let list = Statement(
        "api_key.list",
        """
        select k.id, o.key, k.name, k.prefix, k.created_at, k.revoked_at
        from public.api_key as k
        join public.org as o on o.id = k.org_id
        where $1::text is null or o.key = $1
        order by o.key, k.id
        """)

    private static let revoke = Statement(
        "api_key.revoke",
        """
        update public.api_key set revoked_at = coalesce(revoked_at, clock_timestamp()) where id::text = $1 or prefix = $1
        returning id
        """)

    /// The organization whose key has this SHA-256; nil when there is none or it was revoked.
    public func organization(ofKeyHash hash: [UInt8]) async throws(PostgresError) -> OrgID? {
        try await pool.execute(Self.authenticate, Bytea(hash)).first?.decode(OrgID.self, at: 0)
    }

    /// Whose key has this SHA-256; nil when there is none or it was revoked.
    public func client(ofKeyHash hash: [UInt8]) async throws(PostgresError) -> Client? {
        guard let row = try await pool.execute(Self.authenticate, Bytea(hash)).first else { return nil }
        let (org, name) = try row.decode((OrgID, String).self)
        return Client(org: org, keyName: name)
    }

    /// Keeps a new key of an organization; nil when there is no such organization.
    public func create(
        org: String, name: String, prefix: String, hash: [UInt8]
    ) async throws(PostgresError) -> APIKeyID? {
        try await pool.execute(Self.create, org, name, prefix, Bytea(hash)).first?.decode(APIKeyID.self, at: 0)
    }

    /// All keys, or those of one organization.
    public func list(org: String?) async throws(PostgresError) -> [APIKeyRecord] {
        var keys: [APIKeyRecord] = []
        for row in try await pool.execute(Self.list, org) {
            let (id, org, name, prefix, created, revoked) = try row.decode(
                (APIKeyID, String, String, String, Date, Date?).self)
            keys.append(
                APIKeyRecord(id: id, org: org, name: name, prefix: prefix, createdAt: created, revokedAt: revoked))
        }
        return keys
    }

    /// Revokes the keys with this id or prefix.
    ///
    /// - Returns: how many were found.
    public func revoke(_ idOrPrefix: String) async throws(PostgresError) -> Int {
        try await pool.execute(Self.revoke, idOrPrefix).count
    }
}

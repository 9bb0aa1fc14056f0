import Contracts
import Postgres
public import Sources

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The access token of one source, shared by all executors: one of them fetches it, the others wait.
public struct SourceTokenStore: TokenStore {
    private let pool: PostgresPool
    private let org: OrgID
    private let source: SourceID

    init(pool: PostgresPool, org: OrgID, source: SourceID) {
        self.pool = pool
        self.org = org
        self.source = source
    }

    private static let read = Statement(
        "source_token.read",
        """
        select t.generation, t.sealed, extract(epoch from t.used_until - clock_timestamp())::double precision,
               coalesce(t.claimed_until > clock_timestamp(), false)
        from public.source_token as t
        where t.org_id = $1 and t.source_id = $2
        """)

    // Of all who saw that the same token cannot be used one wins; who comes too late sees another generation.
    private static let claim = Statement(
        "source_token.claim",
        """
        insert into public.source_token as t (org_id, source_id, claim_id, claimed_until)
        values ($1, $2, $3, clock_timestamp() + make_interval(secs => $4))
        on conflict (org_id, source_id) do update
        set claim_id = excluded.claim_id, claimed_until = excluded.claimed_until
        where t.generation = $5 and (t.claimed_until is null or t.claimed_until <= clock_timestamp())
        returning t.generation
        """)

    private static let keep = Statement(
        "source_token.keep",
        """
        update public.source_token as t
        set generation = t.generation + 1, sealed = $5, used_until = clock_timestamp() + make_interval(secs => $6),
            claim_id = null, claimed_until = null
        where t.org_id = $1 and t.source_id = $2 and t.claim_id = $3 and t.generation = $4
        returning t.generation
        """)

    private static let release = Statement(
        "source_token.release",
        """
        update public.source_token as t set claim_id = null, claimed_until = null
        where t.org_id = $1 and t.source_id = $2 and t.claim_id = $3
        """)

    private static let invalidate = Statement(
        "source_token.invalidate",
        """
        update public.source_token as t set sealed = null, used_until = null
        where t.org_id = $1 and t.source_id = $2 and t.generation = $3
        """)

    /// See `TokenStore`.
    public func turn(for credentials: ClientCredentials, claimLife: Duration) async throws -> TokenTurn {
        var generation: Int64 = 0
        if let row = try await pool.execute(Self.read, org, source).first {
            let (stored, sealed, secondsLeft, isClaimed) = try row.decode((Int64, Bytea?, Double?, Bool).self)
            if let sealed, let secondsLeft, secondsLeft > 0,
                let text = seal(credentials).open(sealed.bytes, generation: stored)
            {
                return .token(AccessToken(text: text, life: .seconds(secondsLeft), generation: stored))
            }
            if isClaimed { return .wait }
            generation = stored
        }
        let id = UUID()
        let won = try await pool.execute(Self.claim, org, source, id, claimLife.inSeconds, generation)
        return won.isEmpty ? .wait : .fetch(TokenClaim(generation: generation, id: id.uuidString))
    }

    /// See `TokenStore`.
    public func keep(
        _ token: AccessToken, fetchedWith credentials: ClientCredentials, under claim: TokenClaim
    ) async throws -> AccessToken {
        guard let id = UUID(uuidString: claim.id) else { return token }
        let sealed = try seal(credentials).seal(token.text, generation: claim.generation + 1)
        let rows = try await pool.execute(
            Self.keep, org, source, id, claim.generation, Bytea(sealed), token.life.inSeconds)
        var kept = token
        kept.generation = try rows.first?.decode(Int64.self, at: 0) ?? 0
        return kept
    }

    /// See `TokenStore`.
    public func release(_ claim: TokenClaim) async throws {
        guard let id = UUID(uuidString: claim.id) else { return }
        try await pool.execute(Self.release, org, source, id)
    }

    /// See `TokenStore`.
    public func invalidate(_ token: AccessToken) async throws {
        try await pool.execute(Self.invalidate, org, source, token.generation)
    }

    private func seal(_ credentials: ClientCredentials) -> TokenSeal {
        TokenSeal(credentials, subject: "\(org) \(source)")
    }
}

extension SourceStore {
    /// The access token of a source.
    public func tokens(of source: SourceRecord) -> SourceTokenStore {
        SourceTokenStore(pool: pool, org: source.org, source: source.id)
    }
}

extension Duration {
    /// The duration in seconds, as statements take it.
    var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}

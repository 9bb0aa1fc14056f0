/// Where the token of one source is kept, for all that call it: one of them fetches it, the others wait.
///
/// Credentials are handed in with their secrets in place. A store may use the client's secret to seal what it keeps, and forgets a token
/// that was fetched with other credentials.
public protocol TokenStore: Sendable {
    /// The token that there is, or whose turn it is to fetch one.
    ///
    /// - Parameter claimLife: how long the caller may take, should it be the one; then others may try.
    func turn(for credentials: ClientCredentials, claimLife: Duration) async throws -> TokenTurn

    /// Keeps a token that was fetched under a claim.
    ///
    /// - Returns: the token with its generation; 0 when somebody else has taken over meanwhile, so that it was not kept.
    func keep(
        _ token: AccessToken, fetchedWith credentials: ClientCredentials, under claim: TokenClaim
    ) async throws -> AccessToken

    /// Gives a claim back without a token, so that others need not wait for its end.
    func release(_ claim: TokenClaim) async throws

    /// Forgets a token that the API refuses, unless there is a newer one already.
    func invalidate(_ token: AccessToken) async throws
}

/// What a caller that needs a token is told.
public enum TokenTurn: Sendable, Hashable {
    /// There is one.
    case token(AccessToken)
    /// There is none, and it is the caller's turn to fetch it.
    case fetch(TokenClaim)
    /// There is none, and somebody else is fetching it.
    case wait
}

/// The right to fetch a source's next token, for a time.
public struct TokenClaim: Sendable, Hashable {
    /// The generation of the token that it replaces; 0: there was none yet.
    public var generation: Int64
    /// Tells this claim from others on the same generation.
    public var id: String

    /// A claim.
    public init(generation: Int64, id: String) {
        self.generation = generation
        self.id = id
    }
}

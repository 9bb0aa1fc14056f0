public import Sources
import Synchronization

/// The token of one source, for one process: for programs without a database.
public final class InMemoryTokenStore: TokenStore {
    private struct State {
        var token: AccessToken?
        var credentials: ClientCredentials?
        var end = ContinuousClock.now
        var generation: Int64 = 0
        var claim: TokenClaim?
        var claimEnd = ContinuousClock.now
        var claims = 0
    }

    private let state = Mutex(State())

    /// Empty.
    public init() {}

    /// See ``TokenStore``.
    public func turn(for credentials: ClientCredentials, claimLife: Duration) -> TokenTurn {
        state.withLock { state in
            let now = ContinuousClock.now
            if let token = state.token, state.credentials == credentials, state.end > now {
                var left = token
                left.life = now.duration(to: state.end)
                return .token(left)
            }
            if state.claim != nil, state.claimEnd > now { return .wait }
            state.claims += 1
            let claim = TokenClaim(generation: state.generation, id: "\(state.claims)")
            state.claim = claim
            state.claimEnd = now + claimLife
            return .fetch(claim)
        }
    }

    /// See ``TokenStore``.
    public func keep(
        _ token: AccessToken, fetchedWith credentials: ClientCredentials, under claim: TokenClaim
    ) -> AccessToken {
        state.withLock { state in
            guard state.claim == claim else { return token }
            var kept = token
            state.generation += 1
            kept.generation = state.generation
            state.token = kept
            state.credentials = credentials
            state.end = .now + token.life
            state.claim = nil
            return kept
        }
    }

    /// See ``TokenStore``.
    public func release(_ claim: TokenClaim) {
        state.withLock { state in
            if state.claim == claim { state.claim = nil }
        }
    }

    /// See ``TokenStore``.
    public func invalidate(_ token: AccessToken) {
        state.withLock { state in
            if state.token?.generation == token.generation { state.token = nil }
        }
    }
}

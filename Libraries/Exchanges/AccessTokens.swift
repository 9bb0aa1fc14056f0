import Sources
import Synchronization

/// The access token of one source in this process: kept while it lives, fetched once for all exchanges that wait for it.
final class AccessTokens: Sendable {
    private struct State {
        var token: AccessToken?
        var credentials: ClientCredentials?
        var end = ContinuousClock.now
        var fetching: Task<Fetched, Never>?
    }

    /// What came of asking for a token.
    private struct Fetched: Sendable {
        let result: Result<AccessToken, ExchangeFailure>
        let calls: [CallLog]
    }

    private let store: any TokenStore
    private let endpoint: TokenEndpoint
    private let state = Mutex(State())

    init(store: any TokenStore, endpoint: TokenEndpoint) {
        self.store = store
        self.endpoint = endpoint
    }

    /// A token that lives. The calls that were made for it are noted in the session of whoever began them.
    func token(
        for credentials: ClientCredentials, _ session: inout ExchangeSession
    ) async throws(ExchangeFailure) -> AccessToken {
        let known = state.withLock { state in
            state.credentials == credentials && state.end > .now ? state.token : nil
        }
        if let known { return known }
        let own = ExchangeSession(secrets: session.secrets, cancellation: nil, observer: session.observer)
        let (fetching, isOwn) = state.withLock { state in
            if let fetching = state.fetching { return (fetching, false) }
            // A task of its own: an exchange that is cancelled does not take the token from the others.
            let fetching = Task { await self.fetch(credentials, own) }
            state.fetching = fetching
            return (fetching, true)
        }
        let fetched = await fetching.value
        if isOwn { session.calls += fetched.calls }
        return try fetched.result.get()
    }

    /// A token is not used again, here or by others; a newer one is left alone.
    func invalidate(_ token: AccessToken) async throws(ExchangeFailure) {
        state.withLock { state in
            if state.token == token { state.token = nil }
        }
        guard token.generation > 0 else { return }
        do {
            try await store.invalidate(token)
        } catch {
            throw ExchangeFailure(tokenStore: error)
        }
    }

    private func fetch(_ credentials: ClientCredentials, _ session: ExchangeSession) async -> Fetched {
        var session = session
        let result: Result<AccessToken, ExchangeFailure>
        do throws(ExchangeFailure) {
            result = .success(try await current(credentials, &session))
        } catch {
            result = .failure(error)
        }
        state.withLock { state in
            state.fetching = nil
            if case .success(let token) = result {
                state.token = token
                state.credentials = credentials
                state.end = .now + token.life
            }
        }
        return Fetched(result: result, calls: session.calls)
    }

    /// The token that all share, or a new one when it is this process's turn to fetch it.
    private func current(
        _ credentials: ClientCredentials, _ session: inout ExchangeSession
    ) async throws(ExchangeFailure) -> AccessToken {
        let claimLife = endpoint.timeout + .seconds(5)
        // Whoever fetches it now may fail at the end of its time; then there is time for one more.
        let end = ContinuousClock.now + claimLife * 2
        var wait = Duration.milliseconds(20)
        while true {
            switch try await turn(credentials, claimLife) {
            case .token(let token): return token
            case .fetch(let claim): return try await fetch(credentials, under: claim, &session)
            case .wait:
                guard .now + wait < end else {
                    throw ExchangeFailure(
                        kind: .retry(after: nil), substate: "token_unavailable",
                        reason: "another executor has been fetching the token of this source for \(claimLife * 2)")
                }
                try? await Task.sleep(for: wait)
                wait = min(wait * 2, .milliseconds(500))
            }
        }
    }

    private func turn(
        _ credentials: ClientCredentials, _ claimLife: Duration
    ) async throws(ExchangeFailure) -> TokenTurn {
        do {
            return try await store.turn(for: credentials, claimLife: claimLife)
        } catch {
            throw ExchangeFailure(tokenStore: error)
        }
    }

    private func fetch(
        _ credentials: ClientCredentials, under claim: TokenClaim, _ session: inout ExchangeSession
    ) async throws(ExchangeFailure) -> AccessToken {
        let token: AccessToken
        do throws(ExchangeFailure) {
            token = try await endpoint.fetch(credentials, &session)
        } catch {
            // Else its time passes.
            try? await store.release(claim)
            throw error
        }
        // A token that cannot be kept is good all the same, for this process.
        return (try? await store.keep(token, fetchedWith: credentials, under: claim)) ?? token
    }
}

extension ExchangeFailure {
    /// The store of tokens does not answer, which is nobody else's fault.
    fileprivate init(tokenStore error: any Error) {
        self.init(
            kind: .ownFault, substate: "token_unavailable",
            reason: "the token of this source could not be looked up: \(error)")
    }
}

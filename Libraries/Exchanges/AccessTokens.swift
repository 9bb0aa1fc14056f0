import Sources
import Synchronization

/// The access token of one source in this process: kept while it lives, fetched once for all exchanges that wait for it.
final class AccessTokens: Sendable {
    private struct State {
        var token: AccessToken?
        var credentials: ClientCredentials?
        var end = ContinuousClock.now
        var fetching: Task<Fetched, Never>?
        /// The newest that the API has refused: it and those before it are not used again, whoever still holds them.
        var refused: Int64 = 0
        /// What the authorization server said when it would give none for these credentials, and how long that is believed.
        var refusal: (credentials: ClientCredentials, failure: ExchangeFailure, end: ContinuousClock.Instant)?

        /// A token that was refused although it had taken the place of a refused one: it is not what the API finds fault with, and until then
        /// it is not thrown away again.
        var spared: (token: AccessToken, end: ContinuousClock.Instant)?
        /// When the newest call was sent that the API has accepted, and with what.
        var accepted: (token: AccessToken, sent: ContinuousClock.Instant)?

        func isRefused(_ token: AccessToken) -> Bool { token.generation > 0 && token.generation <= refused }
    }

    /// What came of asking for a token.
    private struct Fetched: Sendable {
        let result: Result<AccessToken, ExchangeFailure>
        let calls: [CallLog]
    }

    /// How long a refusal holds: a hundred thousand runs with a wrong secret must not become as many attempts to log in, for which
    /// servers lock accounts.
    private static let refusalLife: Duration = .seconds(10)

    /// How long a token is spared: a thousand objects that the API answers 401 for must not become a thousand tokens.
    static let sparing: Duration = .seconds(60)

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
        let own = ExchangeSession(secrets: session.secrets, cancellation: nil, observer: session.observer)
        while true {
            let known = state.withLock { state in
                state.credentials == credentials && state.end > .now ? state.token : nil
            }
            if let known { return known }
            let refusal = state.withLock { state in
                state.refusal.flatMap { $0.credentials == credentials && $0.end > .now ? $0.failure : nil }
            }
            if let refusal { throw refusal }
            let (fetching, isOwn) = state.withLock { state in
                if let fetching = state.fetching { return (fetching, false) }
                // A task of its own: an exchange that is cancelled does not take the token from the others.
                let fetching = Task { await self.fetch(credentials, own) }
                state.fetching = fetching
                return (fetching, true)
            }
            let fetched = await fetching.value
            if isOwn { session.calls += fetched.calls }
            let token = try fetched.result.get()
            // It may have been looked up a moment before it was refused.
            if !state.withLock({ $0.isRefused(token) }) { return token }
        }
    }

    /// What a refused token means for the call that carried it.
    enum Refusal: Sendable {
        /// It is not used again, here or by others: the call is worth another try with the next one.
        case replaced
        /// Another call with it was sent later and accepted: the API refuses what was asked for, unless it was revoked just then.
        case accepted
        /// It took the place of a refused one a moment ago, which helped nobody; after this time it may be thrown away.
        case spared(Duration)
    }

    /// The API refuses a token that was sent at that time. A newer one is left alone.
    func refuse(_ token: AccessToken, sent: ContinuousClock.Instant) async throws(ExchangeFailure) -> Refusal {
        let now = ContinuousClock.now
        let kept = state.withLock { state -> Refusal? in
            if let accepted = state.accepted, accepted.token == token, accepted.sent > sent { return .accepted }
            if let spared = state.spared, spared.token == token, spared.end > now { return .spared(spared.end - now) }
            return nil
        }
        if let kept { return kept }
        try await invalidate(token)
        return .replaced
    }

    /// The API refuses also the token that took the place of a refused one.
    func spare(_ token: AccessToken) {
        state.withLock { $0.spared = (token, .now + Self.sparing) }
    }

    /// The API has accepted a token that was sent at that time.
    func accept(_ token: AccessToken, sent: ContinuousClock.Instant) {
        state.withLock { state in
            if let accepted = state.accepted, accepted.token == token, accepted.sent >= sent { return }
            state.accepted = (token, sent)
        }
    }

    private func invalidate(_ token: AccessToken) async throws(ExchangeFailure) {
        // In the store first: who finds none here looks there.
        if token.generation > 0 { try await forget(token) }
        state.withLock { state in
            state.refused = max(state.refused, token.generation)
            if state.token == token { state.token = nil }
        }
    }

    private func forget(_ token: AccessToken) async throws(ExchangeFailure) {
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
            if case .success(let token) = result, !state.isRefused(token) {
                state.token = token
                state.credentials = credentials
                state.end = .now + token.life
            }
            if case .failure(let failure) = result, failure.kind == .fail {
                state.refusal = (credentials, failure, .now + Self.refusalLife)
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
                // The other executor's token comes through the database, which does not say when.
                guard (try? await Task.sleep(for: wait)) != nil else {
                    throw ExchangeFailure(
                        kind: .ownFault, substate: "cancelled", reason: "the call was given up before it had a token")
                }
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

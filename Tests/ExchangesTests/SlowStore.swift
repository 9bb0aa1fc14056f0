import Exchanges
import Sources
import Synchronization

/// A store that takes its time to throw a token away.
final class SlowStore: TokenStore {
    let isInvalidating = Gate()
    let mayInvalidate = Gate()
    private let store = InMemoryTokenStore()

    func turn(for credentials: ClientCredentials, claimLife: Duration) async throws -> TokenTurn {
        store.turn(for: credentials, claimLife: claimLife)
    }

    func keep(
        _ token: AccessToken, fetchedWith credentials: ClientCredentials, under claim: TokenClaim
    ) async throws -> AccessToken {
        store.keep(token, fetchedWith: credentials, under: claim)
    }

    func release(_ claim: TokenClaim) async throws {
        store.release(claim)
    }

    func invalidate(_ token: AccessToken) async throws {
        isInvalidating.open()
        await mayInvalidate.wait()
        store.invalidate(token)
    }
}

/// Is opened once, from any thread; who waits at it goes on then.
final class Gate: Sendable {
    private struct State {
        var isOpen = false
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    func open() {
        let waiters = state.withLock { state in
            defer {
                state.isOpen = true
                state.waiters = []
            }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }

    func wait() async {
        await withCheckedContinuation { continuation in
            let isOpen = state.withLock { state in
                if !state.isOpen { state.waiters.append(continuation) }
                return state.isOpen
            }
            if isOpen { continuation.resume() }
        }
    }
}

import Synchronization

/// Lets a test wait for something that happens on a server's thread. Fires once, stays fired.
final class AsyncSignal: Sendable {
    private struct State {
        var hasFired = false
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    func fire() {
        fireOnce()
    }

    /// Fires, and says whether it was the first time.
    @discardableResult
    func fireOnce() -> Bool {
        let (isFirst, waiters) = state.withLock { state in
            defer {
                state.hasFired = true
                state.waiters = []
            }
            return (!state.hasFired, state.waiters)
        }
        for waiter in waiters { waiter.resume() }
        return isFirst
    }

    func wait() async {
        await withCheckedContinuation { continuation in
            let hasFired = state.withLock { state in
                if !state.hasFired { state.waiters.append(continuation) }
                return state.hasFired
            }
            if hasFired { continuation.resume() }
        }
    }
}

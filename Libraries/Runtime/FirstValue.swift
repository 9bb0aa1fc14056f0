import Synchronization

/// A value that whoever comes first decides, and that others wait for: a result or a deadline, whichever is sooner.
///
/// Unlike a task group it does not wait for the loser, so that an operation that ignores its cancellation holds nobody up.
final class FirstValue<Value: Sendable>: Sendable {
    private enum State {
        case open(waiters: [CheckedContinuation<Value, Never>])
        case decided(Value)
    }

    private let state = Mutex(State.open(waiters: []))

    /// Decides the value unless it is decided already.
    func decide(_ value: Value) {
        let waiters = state.withLock { state -> [CheckedContinuation<Value, Never>] in
            guard case .open(let waiters) = state else { return [] }
            state = .decided(value)
            return waiters
        }
        for waiter in waiters { waiter.resume(returning: value) }
    }

    /// The value, as soon as it is decided.
    var value: Value {
        get async {
            await withCheckedContinuation { continuation in
                let decided = state.withLock { state -> Value? in
                    switch state {
                    case .open(let waiters):
                        state = .open(waiters: waiters + [continuation])
                        return nil
                    case .decided(let value):
                        return value
                    }
                }
                if let decided { continuation.resume(returning: decided) }
            }
        }
    }
}

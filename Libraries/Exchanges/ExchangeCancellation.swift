import Synchronization

/// Aborts an exchange from elsewhere, whatever it is at: a call, or the wait for the next one.
public final class ExchangeCancellation: Sendable {
    private struct State {
        var isCancelled = false
        var abort: (@Sendable () -> Void)?
    }

    private let state = Mutex(State())

    /// For one exchange.
    public init() {}

    /// Aborts what is under way and all that comes later.
    public func cancel() {
        let abort = state.withLock { state in
            state.isCancelled = true
            return state.abort
        }
        abort?()
    }

    /// Whether it was cancelled.
    public var isCancelled: Bool { state.withLock { $0.isCancelled } }

    /// A call, or a wait for one, begins; one that comes too late is aborted at once.
    ///
    /// - Parameter abort: ends it. It does nothing when that has ended by itself.
    public func begin(_ abort: @escaping @Sendable () -> Void) {
        let isCancelled = state.withLock { state in
            state.abort = abort
            return state.isCancelled
        }
        if isCancelled { abort() }
    }

    /// What began has ended.
    public func end() {
        state.withLock { $0.abort = nil }
    }
}

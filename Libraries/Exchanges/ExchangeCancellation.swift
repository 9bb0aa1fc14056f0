import Synchronization

/// Aborts an exchange from elsewhere, whatever it is at: a call, or the wait for the next one.
public final class ExchangeCancellation: Sendable {
    private struct State {
        var isCancelled = false
        var end: (@Sendable () -> Void)?
    }

    private let state = Mutex(State())

    /// For one exchange.
    public init() {}

    /// Aborts what is under way and all that comes later.
    public func cancel() {
        let end = state.withLock { state in
            state.isCancelled = true
            return state.end
        }
        end?()
    }

    /// Whether it was cancelled.
    public var isCancelled: Bool { state.withLock { $0.isCancelled } }

    /// A call, or a wait for one, begins; one that comes too late is aborted at once.
    ///
    /// - Parameter end: ends it. It does nothing when that has ended by itself.
    public func begin(_ end: @escaping @Sendable () -> Void) {
        let isCancelled = state.withLock { state in
            state.end = end
            return state.isCancelled
        }
        if isCancelled { end() }
    }

    /// What began has ended.
    public func end() {
        state.withLock { $0.end = nil }
    }
}

import Outbound
import Synchronization

/// Aborts an exchange from elsewhere, whichever of its calls is under way.
public final class ExchangeCancellation: Sendable {
    private struct State {
        var isCancelled = false
        var call: OutboundCall?
    }

    private let state = Mutex(State())

    /// For one exchange.
    public init() {}

    /// Aborts the call under way and every later one.
    public func cancel() {
        let call = state.withLock { state in
            state.isCancelled = true
            return state.call
        }
        call?.cancel()
    }

    /// Whether it was cancelled.
    public var isCancelled: Bool { state.withLock { $0.isCancelled } }

    /// A call begins; one that comes too late is aborted at once.
    func begin(_ call: OutboundCall) {
        let isCancelled = state.withLock { state in
            state.call = call
            return state.isCancelled
        }
        if isCancelled { call.cancel() }
    }

    func end() {
        state.withLock { $0.call = nil }
    }
}

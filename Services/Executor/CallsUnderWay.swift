import Contracts
import Exchanges
import Synchronization

/// The exchanges that are being made, so that those can be aborted whose runs nobody wants any more.
final class CallsUnderWay: Sendable {
    private struct Entry {
        let cancellation: ExchangeCancellation
        let isJobStep: Bool
    }

    private let calls = Mutex<[RunRequestID: Entry]>([:])

    /// - Parameter isJobStep: whether the exchange waits for its job meanwhile, so that its state says nothing about this call.
    func begin(_ exchange: RunRequestID, _ cancellation: ExchangeCancellation, isJobStep: Bool = false) {
        calls.withLock { $0[exchange] = Entry(cancellation: cancellation, isJobStep: isJobStep) }
    }

    func end(_ exchange: RunRequestID) {
        calls.withLock { $0[exchange] = nil }
    }

    /// Those in progress.
    var exchanges: [RunRequestID] { calls.withLock { calls in calls.filter { !$0.value.isJobStep }.map(\.key) } }

    /// Aborts exchanges; those that have ended are passed over.
    ///
    /// - Returns: how many were under way.
    func cancel(_ exchanges: [RunRequestID]) -> Int {
        let found = calls.withLock { calls in exchanges.compactMap { calls[$0] } }
        for entry in found { entry.cancellation.cancel() }
        return found.count
    }

    /// Aborts all.
    func cancelAll() {
        for entry in calls.withLock({ Array($0.values) }) { entry.cancellation.cancel() }
    }
}

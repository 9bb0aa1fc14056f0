import Contracts
import Exchanges
import Synchronization

/// The exchanges that are being made, so that those can be aborted whose runs nobody wants any more.
final class CallsUnderWay: Sendable {
    private let calls = Mutex<[RunRequestID: ExchangeCancellation]>([:])

    func begin(_ exchange: RunRequestID, _ cancellation: ExchangeCancellation) {
        calls.withLock { $0[exchange] = cancellation }
    }

    func end(_ exchange: RunRequestID) {
        calls.withLock { $0[exchange] = nil }
    }

    var exchanges: [RunRequestID] { calls.withLock { Array($0.keys) } }

    /// Aborts exchanges; those that have ended are passed over.
    ///
    /// - Returns: how many were under way.
    func cancel(_ exchanges: [RunRequestID]) -> Int {
        let found = calls.withLock { calls in exchanges.compactMap { calls[$0] } }
        for cancellation in found { cancellation.cancel() }
        return found.count
    }
}

import Contracts
import Outbound
import Synchronization

/// The calls that are being made, so that those can be aborted whose runs nobody wants any more.
final class CallsUnderWay: Sendable {
    private let calls = Mutex<[RunRequestID: OutboundCall]>([:])

    func begin(_ exchange: RunRequestID, _ call: OutboundCall) {
        calls.withLock { $0[exchange] = call }
    }

    func end(_ exchange: RunRequestID) {
        calls.withLock { $0[exchange] = nil }
    }

    var exchanges: [RunRequestID] { calls.withLock { Array($0.keys) } }

    /// Aborts calls; those that have ended are passed over.
    ///
    /// - Returns: how many were under way.
    func cancel(_ exchanges: [RunRequestID]) -> Int {
        let found = calls.withLock { calls in exchanges.compactMap { calls[$0] } }
        for call in found { call.cancel() }
        return found.count
    }
}

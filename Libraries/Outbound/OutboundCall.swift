import Synchronization

/// One exchange of an ``OutboundClient`` that can be aborted from elsewhere.
public struct OutboundCall: Sendable {
    let exchange: Exchange
    let mailbox: Mailbox

    /// Makes the exchange; once only. Cancelling the task aborts it.
    ///
    /// - Returns: The answer, whatever its status.
    /// - Throws: ``OutboundError`` when there is no whole answer within the bounds.
    public func response() async throws(OutboundError) -> OutboundResponse {
        let outcome = await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                mailbox.post(.start(exchange, continuation))
            }
        } onCancel: {
            cancel()
        }
        return try outcome.get()
    }

    /// Aborts it, begun or not: ``response()`` throws ``OutboundError/Code/cancelled``, unless the answer is there.
    public func cancel() {
        exchange.isCancelled.store(true, ordering: .releasing)
        mailbox.post(.cancel(exchange))
    }
}

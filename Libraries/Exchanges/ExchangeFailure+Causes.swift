import Outbound
import Sources

extension ExchangeFailure {
    /// The request could not even be made.
    init(unsendable problem: String) {
        self.init(kind: .fail, substate: "template", reason: "the request could not be made: \(problem)")
    }

    init(secretMissing problem: String) {
        self.init(kind: .fail, substate: "secret_missing", reason: "the request could not be made: \(problem)")
    }

    /// No answer came.
    init(_ error: OutboundError) {
        self.init(
            kind: error.failureKind, substate: error.code.description, reason: error.message,
            mayHaveBeenSent: error.mayHaveBeenSent)
    }

    /// A further call may not begin here. What the API has answered so far is asked for again.
    static var noTurn: ExchangeFailure {
        ExchangeFailure(
            kind: .ownFault, substate: "cancelled",
            reason: "a further call could not begin: the executor stops, or the time for it is over")
    }

    /// All pages together are too long.
    static func pagesTooLarge(_ max: Int) -> ExchangeFailure {
        ExchangeFailure(
            kind: .fail, substate: "body_too_large",
            reason:
                "the pages of the answer have more than \(max) bytes together; ask for less, or raise response_bytes_max of the source",
            mayHaveBeenSent: true)
    }
}

extension OutboundError {
    /// What to do about it. When this program is stopping or out of resources, it is no fault of the other side.
    var failureKind: ExchangeFailure.Kind {
        switch code {
        case .cancelled, .closed, .overloaded: .ownFault
        case .timeout: .timedOut
        default: isRetryable ? .retry(after: nil) : .fail
        }
    }
}

import Contracts
import Sources

/// An answer that an API gave with success.
public struct RecordedAnswer: Sendable {
    /// The exchange.
    public let exchange: RunRequestID
    /// The HTTP status.
    public let status: Int
    /// The `Content-Type` of the answer.
    public let contentType: String?
    /// The body, as received; of a paged source the JSON array of its pages.
    public let body: [UInt8]
    /// How many pages it has; nil: the source is not paged.
    public let pages: Int?
    /// Why the API has nothing on what was asked for, a sentence; nil: it has something.
    public let noData: String?
    /// The calls that were made, in order.
    public let calls: [CallLog]

    /// The answer to an exchange.
    public init(
        exchange: RunRequestID, status: Int, contentType: String?, body: [UInt8], pages: Int? = nil,
        noData: String? = nil, calls: [CallLog]
    ) {
        self.exchange = exchange
        self.status = status
        self.contentType = contentType
        self.body = body
        self.pages = pages
        self.noData = noData
        self.calls = calls
    }
}

/// An exchange that brought nothing, and what becomes of its runs.
public struct RecordedFailure: Sendable {
    /// What happens to a run of a failed exchange.
    public enum Outcome: Sendable, Equatable {
        /// It waits, and is ready again after the delay.
        case retry(after: Duration)
        /// It waits as well, but the attempt does not count.
        case postponed(by: Duration)
        /// It is failed for good.
        case failed
        /// It has taken too long for good.
        case timedout
    }

    /// What becomes of those runs of the exchange that are in the same attempt. Runs that share an exchange need not have been
    /// tried equally often.
    public struct Verdict: Sendable, Equatable {
        /// The attempt, from 1.
        public let attempt: Int
        /// What happens to the runs.
        public let outcome: Outcome
        /// A sentence for people.
        public let reason: String

        /// The verdict on the runs in an attempt.
        public init(attempt: Int, outcome: Outcome, reason: String) {
            self.attempt = attempt
            self.outcome = outcome
            self.reason = reason
        }
    }

    /// The exchange.
    public let exchange: RunRequestID
    /// Whether it took too long, which is a state of its own.
    public let isTimeout: Bool
    /// A short word for programs, such as `http_503`.
    public let substate: String
    /// What went wrong, a sentence for people.
    public let reason: String
    /// One verdict for each attempt that runs of the exchange are in.
    public let verdicts: [Verdict]
    /// Set when the source is paused; then its runs wait for it.
    public let pause: SourcePause?
    /// The calls that were made, in order.
    public let calls: [CallLog]

    /// The failure of an exchange.
    public init(
        exchange: RunRequestID, isTimeout: Bool = false, substate: String, reason: String, verdicts: [Verdict],
        pause: SourcePause? = nil, calls: [CallLog]
    ) {
        self.exchange = exchange
        self.isTimeout = isTimeout
        self.substate = substate
        self.reason = reason
        self.verdicts = verdicts
        self.pause = pause
        self.calls = calls
    }
}

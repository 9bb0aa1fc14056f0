import Contracts

/// What one exchange cost, for `run_log`.
public struct ExchangeLog: Sendable {
    /// GET, POST, ….
    public let method: String
    /// The URL as called, every secret masked.
    public let url: String
    /// From the first byte sent to the last received, in milliseconds.
    public let milliseconds: Float

    /// One line of the log.
    public init(method: String, url: String, milliseconds: Float) {
        self.method = method
        self.url = url
        self.milliseconds = milliseconds
    }
}

/// An answer that an API gave with success.
public struct RecordedAnswer: Sendable {
    /// The exchange.
    public let exchange: RunRequestID
    /// The HTTP status.
    public let status: Int
    /// The `Content-Type` of the answer.
    public let contentType: String?
    /// The body, as received.
    public let body: [UInt8]
    /// The log line.
    public let log: ExchangeLog

    /// The answer to an exchange.
    public init(exchange: RunRequestID, status: Int, contentType: String?, body: [UInt8], log: ExchangeLog) {
        self.exchange = exchange
        self.status = status
        self.contentType = contentType
        self.body = body
        self.log = log
    }
}

/// An exchange that brought nothing, and what becomes of its runs.
public struct RecordedFailure: Sendable {
    /// What happens to a run of a failed exchange.
    public enum Outcome: Sendable, Equatable {
        /// It waits, and is ready again after the delay.
        case retry(after: Duration)
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
    /// The HTTP status, when there was one.
    public let status: Int?
    /// The bytes that had come, when there was an answer.
    public let responseBytes: Int
    /// The beginning of the answer, every secret masked; nil when there was none.
    public let answer: String?
    /// The log line.
    public let log: ExchangeLog

    /// The failure of an exchange.
    public init(
        exchange: RunRequestID, isTimeout: Bool = false, substate: String, reason: String, verdicts: [Verdict],
        status: Int? = nil, responseBytes: Int = 0, answer: String? = nil, log: ExchangeLog
    ) {
        self.exchange = exchange
        self.isTimeout = isTimeout
        self.substate = substate
        self.reason = reason
        self.verdicts = verdicts
        self.status = status
        self.responseBytes = responseBytes
        self.answer = answer
        self.log = log
    }
}

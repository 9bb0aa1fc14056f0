public import Sources

/// What one step of a source came to.
public enum ExchangeOutcome: Sendable {
    /// The API answered what was asked for.
    case answer(ExchangeAnswer)
    /// It did not, for now or for good.
    case failure(ExchangeFailure)

    /// Every HTTP call that was made, in order; those for tokens included.
    public var calls: [CallLog] {
        switch self {
        case .answer(let answer): answer.calls
        case .failure(let failure): failure.calls
        }
    }
}

/// An answer that can be used.
public struct ExchangeAnswer: Sendable {
    /// The HTTP status; of several pages, the last one's.
    public var status: Int
    /// Its `Content-Type`.
    public var contentType: String?
    /// The body as received; of a paged source the JSON array of its pages, also if it is one.
    public var body: [UInt8]
    /// How many pages it has; nil: the source is not paged.
    public var pages: Int?
    /// Why the API has nothing on what was asked for, a sentence; nil: it has something.
    public var noData: String?
    /// Every HTTP call that was made, in order.
    public var calls: [CallLog]
}

/// An exchange that brought nothing.
public struct ExchangeFailure: Error, Sendable {
    /// What to do about it.
    public enum Kind: Sendable, Hashable {
        /// Again, after a back-off that uses up an attempt; and not before `after`, if the API says so.
        case retry(after: Duration?)
        /// Again, after a wait that uses up no attempt.
        case retryLater(after: Duration)
        /// Nobody calls this source for a while; then again, without using up an attempt.
        case pauseSource(for: Duration)
        /// It took too long: again, after a back-off that uses up an attempt; when it was the last, it is timed out.
        case timedOut
        /// Failed for good.
        case fail
        /// Again soon: this program was stopping or out of resources, for which nobody else can do anything.
        case ownFault
    }

    /// What to do about it.
    public var kind: Kind
    /// A short word for programs, such as `http_503`.
    public var substate: String
    /// What went wrong, a sentence for people without a full stop.
    public var reason: String
    /// The HTTP status of the last call of the API; nil when no answer came.
    public var status: Int?
    /// Whether the API may have taken the request; false: it has not seen it, or has refused it.
    public var mayHaveBeenSent: Bool
    /// Every HTTP call that was made, in order.
    public var calls: [CallLog]

    /// A failure.
    public init(
        kind: Kind, substate: String, reason: String, status: Int? = nil, mayHaveBeenSent: Bool = false,
        calls: [CallLog] = []
    ) {
        self.kind = kind
        self.substate = substate
        self.reason = reason
        self.status = status
        self.mayHaveBeenSent = mayHaveBeenSent
        self.calls = calls
    }
}

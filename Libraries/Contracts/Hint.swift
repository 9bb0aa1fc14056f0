/// What a service says so that others look for work: a topic and a key, which alone are acted on, and what observers may
/// want to know besides.
public struct Hint: Sendable, Equatable {
    /// What it is about; see ``Topic``.
    public let topic: String
    /// Which queue has work. Hints of the same topic and key that wait together are one.
    public let key: String
    /// The organization, where the hint is about one.
    public let org: OrgID?
    /// The trace, where the hint is about one request that has one.
    public let trace: TraceContext?

    /// A hint of a topic.
    public init(topic: String, key: String, org: OrgID? = nil, trace: TraceContext? = nil) {
        self.topic = topic
        self.key = key
        self.org = org
        self.trace = trace
    }

    /// A request waits to be expanded.
    public static func requestAccepted(_ request: RequestReference) -> Hint {
        Hint(topic: Topic.requestAccepted, about: request)
    }

    /// Raw answers wait to be mapped.
    public static let answerRecorded = Hint(topic: Topic.answerRecorded, key: "answers")

    /// All runs of a request are closed.
    public static func runsClosed(_ request: RequestReference) -> Hint {
        Hint(topic: Topic.runsClosed, about: request)
    }

    /// A finished request waits to be delivered.
    public static func requestCompleted(_ request: RequestReference) -> Hint {
        Hint(topic: Topic.requestCompleted, about: request)
    }

    /// Deliveries of whatever requests are due.
    public static let deliveriesDue = Hint(topic: Topic.requestCompleted, key: "deliveries")

    private init(topic: String, about request: RequestReference) {
        self.init(topic: topic, key: request.id.description, org: request.org, trace: request.trace)
    }
}

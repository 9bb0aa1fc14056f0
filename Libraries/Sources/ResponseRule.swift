public import JSON
public import Mapping

/// What one kind of answer means. Rules are tried in order, the first that fits decides; where none does, ``ResponseRule/standard(for:canRefresh:)``.
public struct ResponseRule: Sendable, Hashable {
    /// What to do about an answer.
    public enum Action: String, Sendable, Hashable, CaseIterable {
        /// The answer is what was asked for.
        case success
        /// The API has nothing on this object: done, without values.
        case noData = "no_data"
        /// Again, after a back-off that uses up an attempt.
        case retry
        /// Again, after a wait that uses up no attempt.
        case retryLater = "retry_later"
        /// Again at once with new credentials; when it comes again right after that, it fails.
        case refreshCredentials = "refresh_credentials"
        /// Failed for good.
        case fail
        /// Nobody calls this source for a while; the runs wait for it and use up no attempt.
        case pauseSource = "pause_source"
    }

    /// Statuses that a rule is for.
    public enum Statuses: Sendable, Hashable {
        /// One of these.
        case anyOf([Int])
        /// All of one class: 4 is 400 to 499.
        case hundreds(Int)
    }

    /// What a text or a value has to be.
    public enum Test: Sendable, Hashable {
        /// It is there, and not null.
        case exists
        /// It is this. A header field is compared as text.
        case equals(JSONValue)
        /// It is one of these.
        case anyOf([JSONValue])
        /// Its text contains this, in either case of letters.
        case contains(String)
    }

    /// A header field with its test; the name in small letters.
    public struct HeaderCondition: Sendable, Hashable {
        /// The name, in small letters.
        public var name: String
        /// What it has to be.
        public var test: Test

        /// A condition.
        public init(name: String, test: Test) {
            self.name = name
            self.test = test
        }
    }

    /// A place of the body with its test: it holds if any of the places that the path matches passes.
    public struct BodyCondition: Sendable, Hashable {
        /// The place.
        public var path: PathPattern
        /// What it has to be.
        public var test: Test

        /// A condition.
        public init(path: PathPattern, test: Test) {
            self.path = path
            self.test = test
        }
    }

    /// The statuses; nil: any.
    public var statuses: Statuses?
    /// The header field; nil: any.
    public var header: HeaderCondition?
    /// The body; nil: any.
    public var body: BodyCondition?
    /// What to do.
    public var action: Action
    /// How long `retryLater` and `pauseSource` wait, in milliseconds, unless the answer has a `Retry-After`; nil: a minute.
    public var afterMilliseconds: Int?
    /// Why, a sentence for people; nil: made from what fitted.
    public var reason: String?

    /// The wait of `retryLater` and `pauseSource` that say nothing.
    public static let afterMillisecondsStandard = 60_000

    /// A rule.
    public init(
        statuses: Statuses? = nil, header: HeaderCondition? = nil, body: BodyCondition? = nil, action: Action,
        afterMilliseconds: Int? = nil, reason: String? = nil
    ) {
        self.statuses = statuses
        self.header = header
        self.body = body
        self.action = action
        self.afterMilliseconds = afterMilliseconds
        self.reason = reason
    }
}

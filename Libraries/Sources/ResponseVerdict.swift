/// What an answer means, and why.
public struct ResponseVerdict: Sendable, Hashable {
    /// What to do about it.
    public var action: ResponseRule.Action
    /// How long to wait: what the API asks for with `Retry-After`, else what the rule says; nil when nobody says anything.
    public var after: Duration?
    /// A short word for programs: `http_503`, or `response_rule` where a rule finds fault with an answer of success.
    public var substate: String
    /// A sentence for people, without a full stop.
    public var reason: String

    /// A verdict.
    public init(action: ResponseRule.Action, after: Duration? = nil, substate: String, reason: String) {
        self.action = action
        self.after = after
        self.substate = substate
        self.reason = reason
    }
}

public import Contracts

/// What the rules of a workflow need to know about an activity.
public struct WorkflowActivity: Sendable, Hashable {
    /// The key, unique in the organization.
    public let key: String
    /// What it does; nil when its own declaration does not say. Rules about it are passed over then.
    public let type: ActivityType?
    /// The key of the type of its objects; nil likewise.
    public let objectType: String?
    /// What it asks of its clients, as far as that is known.
    public let input: ActivityInput

    /// An activity as far as it is known.
    public init(key: String, type: ActivityType?, objectType: String?, input: ActivityInput = ActivityInput()) {
        self.key = key
        self.type = type
        self.objectType = objectType
        self.input = input
    }
}

public import Contracts
public import Factors
public import JSON

/// Something that a client can request for objects of one type.
public struct ActivityDefinition: Sendable, Hashable {
    /// The key, unique in the organization.
    public let key: String
    /// The name that people read.
    public let name: String
    /// What it does.
    public let type: ActivityType
    /// The key of the type of its objects.
    public let objectType: String
    /// The keys of the sources it asks.
    public let sources: [String]
    /// The keys of the endpoints that get its results; none means that results are only kept.
    public let webhookEndpoints: [String]
    /// What its requests give besides objects.
    public let input: ActivityInput
    /// How many objects a request may find at the most.
    public let maxObjects: Int
    /// Which objects qualify; nil unless it is a sourcing.
    public let factors: FactorExpression?
    /// Free settings of the activity: an object, `<<$run_setup>>` in templates.
    public let setup: JSONValue
    /// How long a request may take, from its acceptance until all of its runs are closed, in milliseconds.
    public let timeoutMilliseconds: Int
}

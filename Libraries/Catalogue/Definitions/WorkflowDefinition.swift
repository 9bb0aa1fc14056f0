public import Workflows

/// Several activities in phases, which a client can request as one.
public struct WorkflowDefinition: Sendable, Hashable {
    /// The key, unique in the organization.
    public let key: String
    /// The name that people read.
    public let name: String
    /// The keys of the endpoints that hear of its end.
    public let webhookEndpoints: [String]
    /// Its steps, with the keys of their activities.
    public let graph: WorkflowGraph
}

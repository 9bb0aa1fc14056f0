/// One activity of a workflow, its place in it, and where its objects go.
public struct WorkflowStep: Sendable, Hashable {
    /// The key of the step, unique in the workflow.
    public let key: String
    /// The key of its activity; no other step of the workflow has the same.
    public let activity: String
    /// When it begins: as soon as all steps of lower phases have ended.
    public let phase: Int
    /// How many objects it takes at the most; nil: as many as come.
    public let maxObjects: Int?
    /// What becomes of the workflow when it does not succeed wholly.
    public let onFailure: FailurePolicy
    /// The keys of the activities that its objects flow to, in the order in which they were named.
    public let destinations: [String]
}

/// A rule that a workflow breaks, and where.
public struct WorkflowViolation: Sendable, Hashable {
    /// The rule.
    public let rule: WorkflowRule
    /// The place below the workflow's data: names of members and positions in lists, beginning with the step's key. Empty for the whole.
    public let path: [String]
    /// What is wrong: a clause without a full stop.
    public let what: String
    /// What to do: a clause without a full stop.
    public let remedy: String

    /// The key of the step; nil where the workflow as a whole is meant.
    public var step: String? { path.first }
}

/// Everything that is wrong with a workflow.
public struct WorkflowError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What is wrong; never empty.
    public let violations: [WorkflowViolation]

    /// One line for each violation: `step enrich: phase 7 is out of bounds (phase_is_in_bounds); write 1 to 5`.
    public var description: String {
        violations.map { violation in
            let step = violation.step.map { "step \($0): " } ?? ""
            return "\(step)\(violation.what) (\(violation.rule.rawValue)); \(violation.remedy)"
        }.joined(separator: "\n")
    }
}

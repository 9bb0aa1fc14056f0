public import JSON

extension WorkflowGraph {
    /// Reads a workflow and holds it against every ``WorkflowRule``.
    ///
    /// - Parameters:
    ///   - data: `{STEP: {id, type, setup: {config: {phase, max_objects, on_failure}}, destination: {activity: {id: []}}}}`.
    ///   - activities: the activities that there are, by every name that `id` may have: their keys, and their ids where those are known.
    /// - Throws: ``WorkflowError`` with everything that is wrong.
    public init(reading data: JSONValue, activities: [String: WorkflowActivity]) throws(WorkflowError) {
        var reader = WorkflowReader(activities: activities)
        let drafts = reader.drafts(data)
        let violations = reader.violations + WorkflowRules(drafts).violations
        guard violations.isEmpty else { throw WorkflowError(violations: violations) }
        self.init(steps: drafts.compactMap(\.step))
    }
}

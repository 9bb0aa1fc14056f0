import Contracts
import JSON
import Workflows

/// Activities of every type; those of `person` are for what does not fit together.
let activities: [String: WorkflowActivity] = Dictionary(
    uniqueKeysWithValues: [
        WorkflowActivity(key: "list", type: .extract, objectType: "company"),
        WorkflowActivity(key: "search", type: .extract, objectType: "company"),
        WorkflowActivity(key: "profile", type: .enrichment, objectType: "company"),
        WorkflowActivity(key: "people", type: .enrichment, objectType: "company"),
        WorkflowActivity(
            key: "listing", type: .extract, objectType: "company",
            input: ActivityInput([.init(name: "year", type: .number), .init(name: "place", type: .text)])),
        WorkflowActivity(
            key: "history", type: .enrichment, objectType: "company",
            input: ActivityInput([.init(name: "year", type: .text), .init(name: "place", type: .text)])),
        WorkflowActivity(key: "staff", type: .enrichment, objectType: "person"),
        WorkflowActivity(key: "qualify", type: .sourcing, objectType: "company"),
        WorkflowActivity(key: "broken", type: nil, objectType: nil),
    ].map { ($0.key, $0) })

/// Extract, enrichment and sourcing in three phases, right in every part; tests break one part of it.
let pipeline = """
    {
      "find": {"id": "list", "type": "activity", "setup": {"config": {"phase": 1, "max_objects": 100}},
        "destination": {"activity": {"id": ["profile", "people"]}}},
      "enrich": {"id": "profile", "type": "activity", "setup": {"config": {"phase": 2, "on_failure": "stop"}},
        "destination": {"activity": {"id": ["qualify"]}}},
      "staffing": {"id": "people", "setup": {"config": {"phase": 2, "on_failure": "skip"}},
        "destination": {"activity": {"id": ["qualify"]}}},
      "decide": {"id": "qualify", "setup": {"config": {"phase": 3, "max_objects": 50}}}
    }
    """

func graph(_ text: String = pipeline) throws -> WorkflowGraph {
    try WorkflowGraph(reading: try JSONValue(parsing: text), activities: activities)
}

/// What is wrong with a workflow; empty if nothing is.
func violations(in text: String) throws -> [WorkflowViolation] {
    do {
        _ = try WorkflowGraph(reading: try JSONValue(parsing: text), activities: activities)
        return []
    } catch let error as WorkflowError {
        return error.violations
    }
}

extension String {
    /// The text with one part of it changed; the part must be there, so that no test passes for want of its subject.
    func changing(_ part: String, to replacement: String) -> String {
        precondition(contains(part), "the fixture has no \(part)")
        return replacing(part, with: replacement, maxReplacements: 1)
    }
}

public import JSON

/// The steps of a workflow and how objects flow between them. One that was made keeps every ``WorkflowRule``.
public struct WorkflowGraph: Sendable, Hashable {
    /// The phases there are.
    public static let phases = 1...5
    /// The most steps of a workflow.
    public static let stepsMax = 50
    /// How many objects a step may be bound to.
    public static let maxObjectsBounds = 1...100_000

    /// The steps by phase, then by key.
    public let steps: [WorkflowStep]

    init(steps: [WorkflowStep]) {
        self.steps = steps.sorted { ($0.phase, $0.key) < ($1.phase, $1.key) }
    }

    /// The steps whose objects flow to a step.
    public func sources(of step: WorkflowStep) -> [WorkflowStep] {
        steps.filter { $0.destinations.contains(step.activity) }
    }

    /// The workflow as JSON, every default written out: the form of `workflow.data`, with keys of activities where that has their ids.
    public var json: JSONValue {
        .object(JSONObject(steps.sorted { $0.key < $1.key }.map { ($0.key, $0.json) }))
    }
}

extension WorkflowStep {
    fileprivate var json: JSONValue {
        var config: JSONObject = [
            "phase": .number(JSONNumber(phase)), "on_failure": .string(onFailure.rawValue),
        ]
        config["max_objects"] = maxObjects.map { .number(JSONNumber($0)) }
        return [
            "id": .string(activity), "type": "activity", "setup": ["config": .object(config)],
            "destination": ["activity": ["id": .array(destinations.map { .string($0) })]],
        ]
    }
}

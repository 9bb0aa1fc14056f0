import Contracts
import JSON
import Workflows

/// A workflow of the organization, as `GET /v1/workflows` shows it.
struct DeclaredWorkflow {
    let organization: String
    let key: String
    let name: String
    let endpoints: [String]
    let steps: [AnswerReader]

    var phases: Int { Set(steps.compactMap { $0.value["phase"]?.intValue }).count }

    /// Reads the workflows of an answer.
    static func all(in answer: AnswerReader) throws -> [DeclaredWorkflow] {
        let organization = try answer.string("organization")
        return try answer.list("workflows").map { workflow in
            DeclaredWorkflow(
                organization: organization, key: try workflow.string("key"), name: try workflow.string("name"),
                endpoints: (workflow.value["endpoints"]?.arrayValue ?? []).compactMap(\.stringValue),
                steps: workflow.list("steps"))
        }
    }

    /// The workflow ready to be planned.
    func planned() throws -> PlannedWorkflow {
        // One whose activity is gone is among them as a step only, which the rules find fault with.
        let runnable = steps.filter { $0.optionalString("activity") != nil }
        return try PlannedWorkflow(
            key, named: name, of: organization, data: data,
            known: try runnable.map { step in
                WorkflowActivity(
                    key: try step.string("activity"), type: ActivityType(rawValue: try step.string("activity_type")),
                    objectType: nil)
            },
            activities: Dictionary(
                try runnable.compactMap { step in
                    guard let type = ActivityType(rawValue: try step.string("activity_type")) else { return nil }
                    return (
                        try step.string("activity"),
                        WorkflowPlan.Activity(
                            type: type, maxObjects: try step.int("activity_max_objects"),
                            objectsPerCall: try step.list("sources").map { try $0.int("max_objects") })
                    )
                }, uniquingKeysWith: { first, _ in first }))
    }

    /// The steps in the words of a catalogue.
    private var data: JSONValue {
        get throws {
            .object(
                JSONObject(
                    try steps.map { step in
                        let config = ["phase", "max_objects", "on_failure"].compactMap { member in
                            step.value[member].flatMap { $0 == .null ? nil : (member, $0) }
                        }
                        let declared: JSONValue = [
                            "id": step.value["activity"] ?? .null, "setup": ["config": .object(JSONObject(config))],
                            "destination": ["activity": ["id": step.value["destinations"] ?? []]],
                        ]
                        return (try step.string("step"), declared)
                    }))
        }
    }
}

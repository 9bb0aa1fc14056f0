import Contracts
import JSON

/// Reads `{STEP: {id, type, setup: {config: {phase, max_objects, on_failure}}, destination: {activity: {id: []}}}}`.
struct WorkflowReader {
    private static let keyBytesMax = 63

    /// By every name that they may be given: keys, and ids where those are known.
    private let activities: [String: WorkflowActivity]
    private(set) var violations: [WorkflowViolation] = []

    init(activities: [String: WorkflowActivity]) {
        self.activities = activities
    }

    mutating func drafts(_ data: JSONValue) -> [WorkflowDraft] {
        guard let nodes = data.objectValue else {
            report(
                .formIsKnown, [], "the steps are \(data.kindName)",
                "write an object: the key of each step with its id and setup")
            return []
        }
        guard (1...WorkflowGraph.stepsMax).contains(nodes.count) else {
            report(
                .stepsAreBounded, [], nodes.isEmpty ? "there is no step" : "there are \(nodes.count) steps",
                "write 1 to \(WorkflowGraph.stepsMax)")
            return []
        }
        return nodes.compactMap { draft($0.key, $0.value) }
    }

    private mutating func draft(_ key: String, _ value: JSONValue) -> WorkflowDraft? {
        if !Self.isName(key) {
            report(
                .stepKeyIsName, [key], "\(key.debugDescription) is not the key of a step",
                "write letters, digits, _ and -, \(Self.keyBytesMax) at most")
        }
        guard value.objectValue != nil else {
            report(.formIsKnown, [key], "the step is \(value.kindName)", "write an object with id and setup")
            return nil
        }
        let node = object(value, at: [key], known: ["id", "type", "setup", "destination"])
        if let type = node["type"], type != "activity" {
            report(.typeIsActivity, [key, "type"], "the type is \(type)", "write activity: there are no other steps")
        }
        let setup = object(node["setup"], at: [key, "setup"], known: ["config"])
        let config = object(
            setup["config"], at: [key, "setup", "config"], known: ["phase", "max_objects", "on_failure"])
        return WorkflowDraft(
            key: key, activity: activity(node["id"], at: [key, "id"]), phase: phase(config["phase"], of: key),
            maxObjects: maxObjects(config["max_objects"], of: key),
            onFailure: onFailure(config["on_failure"], of: key),
            destinations: destinations(node["destination"], of: key))
    }

    private mutating func activity(_ value: JSONValue?, at path: [String]) -> WorkflowActivity? {
        guard let name = value?.stringValue else {
            let what = value.map { "the id is \($0.kindName)" } ?? "the id is missing"
            report(.activityIsKnown, path, what, "write the key of an activity")
            return nil
        }
        if let activity = activities[name] { return activity }
        report(.activityIsKnown, path, "there is no activity \(name)", suggestion(for: name))
        return nil
    }

    private mutating func phase(_ value: JSONValue?, of key: String) -> Int? {
        let path = [key, "setup", "config", "phase"]
        let bounds = WorkflowGraph.phases
        let remedy = "write a phase from \(bounds.lowerBound) to \(bounds.upperBound)"
        guard let value else {
            report(.phaseIsInBounds, path, "the phase is missing", remedy)
            return nil
        }
        guard let phase = value.intValue, bounds.contains(phase) else {
            report(.phaseIsInBounds, path, "the phase is \(value)", remedy)
            return nil
        }
        return phase
    }

    private mutating func maxObjects(_ value: JSONValue?, of key: String) -> Int? {
        guard let value, !value.isNull else { return nil }
        let bounds = WorkflowGraph.maxObjectsBounds
        if let count = value.intValue, bounds.contains(count) { return count }
        report(
            .maxObjectsIsInBounds, [key, "setup", "config", "max_objects"], "max_objects is \(value)",
            "write a whole number from \(bounds.lowerBound) to \(bounds.upperBound), or leave it out")
        return nil
    }

    private mutating func onFailure(_ value: JSONValue?, of key: String) -> FailurePolicy {
        guard let value, !value.isNull else { return .standard }
        if let policy = value.stringValue.flatMap(FailurePolicy.init(rawValue:)) { return policy }
        report(
            .onFailureIsKnown, [key, "setup", "config", "on_failure"], "on_failure is \(value)",
            "write \(FailurePolicy.allCases.map(\.rawValue).joined(separator: ", ")), or leave it out")
        return .standard
    }

    private mutating func destinations(_ value: JSONValue?, of key: String) -> [WorkflowDraft.Destination] {
        let kinds = object(value, at: [key, "destination"], known: ["activity"])
        let path = [key, "destination", "activity"]
        guard let list = object(kinds["activity"], at: path, known: ["id"])["id"], !list.isNull else { return [] }
        guard let elements = list.arrayValue else {
            report(.formIsKnown, path + ["id"], "the destinations are \(list.kindName)", "write a list of activities")
            return []
        }
        return elements.enumerated().compactMap { position, element in
            guard let name = element.stringValue else {
                report(
                    .formIsKnown, path + ["id", "\(position)"], "a destination is \(element.kindName)",
                    "write the key of an activity")
                return nil
            }
            return WorkflowDraft.Destination(position: position, name: name, activity: activities[name])
        }
    }

    /// The members of an object; none where there is no such member. Unknown members are refused.
    private mutating func object(_ value: JSONValue?, at path: [String], known: [String]) -> JSONObject {
        guard let value, !value.isNull else { return [:] }
        guard let object = value.objectValue else {
            report(
                .formIsKnown, path, "\(path.last ?? "this") is \(value.kindName)",
                "write an object with \(known.joined(separator: ", "))")
            return [:]
        }
        for member in object.keys where !known.contains(member) {
            let nearest = NearestWord.find(member, among: known).map { "did you mean \($0)? " } ?? ""
            report(
                .formIsKnown, path + [member], "there is no \(member) here",
                "\(nearest)Known here: \(known.joined(separator: ", "))")
        }
        return object
    }

    private func suggestion(for name: String) -> String {
        let known = Set(activities.values.map(\.key)).sorted()
        guard !known.isEmpty else { return "declare it under activities" }
        let nearest = NearestWord.find(name, among: known).map { "did you mean \($0)? " } ?? ""
        return "\(nearest)Known here: \(known.joined(separator: ", "))"
    }

    private mutating func report(_ rule: WorkflowRule, _ path: [String], _ what: String, _ remedy: String) {
        violations.append(WorkflowViolation(rule: rule, path: path, what: what, remedy: remedy))
    }

    private static func isName(_ key: String) -> Bool {
        !key.isEmpty && key.utf8.count <= keyBytesMax
            && key.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
                    true
                default: false
                }
            }
    }
}

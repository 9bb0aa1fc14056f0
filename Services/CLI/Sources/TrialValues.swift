import Contracts
import JSON
import Templates

/// The values of a trial's template variables: what the command line says, else what the activities that ask the source say.
struct TrialValues: Sendable {
    /// Where a job of a trial is called back: nowhere (RFC 2606).
    private static let callback: JSONValue = "https://callback.invalid/weir-source-test"

    private let values: JSONObject

    /// - Parameters:
    ///   - objects: the names that the source is asked about.
    ///   - input: what is given by name.
    ///   - activity: the key of the activity whose input and setup count; nil for any that asks this source.
    ///   - submissionKey: a new one for each trial.
    ///   - variables: those that the templates name.
    init(
        objects: [String], input: JSONObject, activity: String?, submissionKey: String, source: TrialSource,
        variables: Set<String>
    ) throws(CommandError) {
        guard objects.count <= source.maxObjects else {
            throw .usage(
                "\(source.key) takes at most \(source.maxObjects) objects in one request, and \(objects.count) were given",
                remedy: "Give fewer, or raise max_objects of the source")
        }
        var activities = source.activities
        if let activity {
            activities = activities.filter { $0.key == activity }
            guard !activities.isEmpty else {
                let known = source.activities.map(\.key)
                throw .usage(
                    "No activity '\(activity)' asks \(source.key)",
                    remedy: known.isEmpty ? "Leave --activity out" : "These do: \(known.joined(separator: ", "))")
            }
        }
        var values = JSONObject()
        for activity in activities.reversed() {
            for field in activity.input.fields { values[field.name] = field.standard ?? values[field.name] }
            values["run_setup"] = activity.setup
        }
        if values["run_setup"] == nil { values["run_setup"] = [:] }
        values["object"] = objects.first.map { .string($0) }
        values["objects"] = objects.isEmpty ? nil : .array(objects.map { .string($0) })
        values["max_objects"] = .number(JSONNumber(source.maxObjects))
        values["submission_key"] = .string(submissionKey)
        values["callback_url"] = Self.callback
        let fields = activities.flatMap { $0.input.fields.map(\.name) }
        for member in input {
            guard variables.contains(member.key) || fields.contains(member.key) else {
                let known = (variables.filter { !$0.hasPrefix(TemplateVariable.secretPrefix) }.union(fields)).sorted()
                let nearest = NearestWord.find(member.key, among: known).map { "; did you mean '\($0)'?" } ?? ""
                throw .usage(
                    "No template of \(source.key) has a variable '\(TerminalText.safe(member.key))'\(nearest)",
                    remedy: known.isEmpty ? nil : "Known are \(known.joined(separator: ", "))")
            }
            values[member.key] = member.value
        }
        self.values = values
    }

    /// The value of a variable; nil when there is none.
    func variable(_ name: String) -> TemplateVariable? { values[name].map { TemplateVariable($0) } }
}

import Catalogue
import Contracts
import JSON
import Workflows

/// A workflow with what its plan needs, whether that stands in a file or comes from intake.
struct PlannedWorkflow: Sendable {
    let organization: String
    let key: String
    let name: String
    let graph: WorkflowGraph
    /// By key.
    let activities: [String: WorkflowPlan.Activity]

    /// Reads the workflow of an organization.
    ///
    /// - Parameter items: everything that is declared for the organization.
    init(_ key: String, of organization: String, items: [CatalogueItem]) throws {
        let own = items.filter { $0.identity.organization == organization }
        guard
            let fields = own.first(where: { $0.identity.kind == .workflow && $0.identity.key == [organization, key] })?
                .fields
        else { throw CommandError("There is no workflow '\(key)' in \(organization)") }
        let declared = own.filter { $0.identity.kind == .activity }
        let known = declared.map { item in
            WorkflowActivity(
                key: item.identity.key[1], type: item.fields["type"]?.stringValue.flatMap(ActivityType.init(rawValue:)),
                objectType: item.fields["object_type"]?.stringValue,
                input: ActivityInput(item.fields["input"] ?? [:]))
        }
        let sizes = Dictionary(
            own.filter { $0.identity.kind == .source }.map {
                ($0.identity.key[1], $0.fields["max_objects"]?.intValue ?? 1)
            },
            uniquingKeysWith: { first, _ in first })
        let asked = Dictionary(grouping: own.filter { $0.identity.kind == .activitySource }) { $0.identity.key[1] }
        let activities = Dictionary(
            declared.compactMap { item in
                let key = item.identity.key[1]
                return item.fields["type"]?.stringValue.flatMap(ActivityType.init(rawValue:)).map { type in
                    (
                        key,
                        WorkflowPlan.Activity(
                            type: type, maxObjects: item.fields["max_objects"]?.intValue ?? 0,
                            objectsPerCall: (asked[key] ?? []).map { sizes[$0.identity.key[2]] ?? 1 })
                    )
                }
            }, uniquingKeysWith: { first, _ in first })
        try self.init(
            key, named: fields["name"]?.stringValue ?? key, of: organization, data: fields["data"] ?? .null,
            known: known,
            activities: activities)
    }

    /// - Parameters:
    ///   - data: its steps, with the keys of their activities.
    ///   - known: these activities, as far as the rules of workflows are concerned.
    ///   - activities: what they come to, by key.
    init(
        _ key: String, named name: String, of organization: String, data: JSONValue, known: [WorkflowActivity],
        activities: [String: WorkflowPlan.Activity]
    ) throws {
        self.organization = organization
        self.key = key
        self.name = name
        self.activities = activities
        do {
            graph = try WorkflowGraph(
                reading: data,
                activities: Dictionary(known.map { ($0.key, $0) }, uniquingKeysWith: { first, _ in first }))
        } catch {
            // Only what was not written by 'weir apply' can be so, or what has changed since.
            throw CommandError(
                "The workflow '\(key)' in \(organization) cannot begin", details: error.violations.map(\.what),
                remedy: "Correct it in a catalogue file and apply that")
        }
    }
}

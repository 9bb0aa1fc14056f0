import Catalogue
import Contracts
import JSON
import Workflows

/// A workflow with what its plan needs, whether that stands in a file or in the database.
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
        self.organization = organization
        self.key = key
        name = fields["name"]?.stringValue ?? key
        let declared = own.filter { $0.identity.kind == .activity }
        let known = declared.map { item in
            WorkflowActivity(
                key: item.identity.key[1], type: item.fields["type"]?.stringValue.flatMap(ActivityType.init(rawValue:)),
                objectType: item.fields["object_type"]?.stringValue,
                input: ActivityInput(item.fields["input"] ?? [:]))
        }
        do {
            graph = try WorkflowGraph(
                reading: fields["data"] ?? .null,
                activities: Dictionary(known.map { ($0.key, $0) }, uniquingKeysWith: { first, _ in first }))
        } catch {
            // Only what was not written by 'weir apply' can be so.
            throw CommandError(
                "The workflow '\(key)' in \(organization) cannot begin", details: error.violations.map(\.what),
                remedy: "Correct it in a catalogue file and apply that")
        }
        let sizes = Dictionary(
            own.filter { $0.identity.kind == .source }.map {
                ($0.identity.key[1], $0.fields["max_objects"]?.intValue ?? 1)
            },
            uniquingKeysWith: { first, _ in first })
        let asked = Dictionary(grouping: own.filter { $0.identity.kind == .activitySource }) { $0.identity.key[1] }
        activities = Dictionary(
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
    }
}

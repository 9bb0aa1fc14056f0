import ArgumentParser
import JSON
import Store

/// Lists workflows.
struct WorkflowListCommand: WeirCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the workflows that the catalogue has.",
        discussion: """
            Examples:
              weir workflow list
              weir workflow list --org acme --json
            """)

    @Option(help: "Only those of the organization with this key.") var org: String?
    @OptionGroup var database: DatabaseOptions
    @Flag(help: "Print JSON for programs.") var json = false

    func run(_ context: CommandContext) async throws {
        let console = context.console
        let workflows = try await context.withDatabase(database) { pool in
            try await CatalogueStore(pool: pool).workflows(organization: org)
        }
        guard !json else { return console.print(JSONValue.array(workflows.map(Self.json)).description) }
        guard !workflows.isEmpty else {
            return console.note("There are no workflows: declare one in a catalogue file and apply that")
        }
        var table = TextTable("organization", "workflow", "name", ">phases", ">steps", "endpoints")
        for workflow in workflows {
            table.add([
                workflow.organization, workflow.key, workflow.name, "\(workflow.phases)", "\(workflow.steps)",
                workflow.endpoints.joined(separator: ", "),
            ])
        }
        console.print(table)
        if workflows.count == CatalogueStore.workflowsMax {
            console.note("These are the first \(workflows.count); --org shows those of one organization")
        }
    }

    private static func json(_ workflow: CatalogueStore.WorkflowSummary) -> JSONValue {
        [
            "organization": .string(workflow.organization), "workflow": .string(workflow.key),
            "name": .string(workflow.name), "phases": .number(JSONNumber(workflow.phases)),
            "steps": .number(JSONNumber(workflow.steps)),
            "endpoints": .array(workflow.endpoints.map { .string($0) }),
        ]
    }
}

import ArgumentParser
import JSON

/// Lists workflows.
struct WorkflowListCommand: WeirCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the workflows of your organization.",
        discussion: """
            Examples:
              weir workflow list
              weir workflow list --json
            """)

    @OptionGroup var intake: IntakeOptions
    @Flag(help: "Print JSON for programs.") var json = false

    func run(_ context: CommandContext) async throws {
        let console = context.console
        try await IntakeClient.withClient(intake, context) { client in
            let workflows = try await client.workflows()
            guard !json else { return console.print(JSONValue.array(workflows.map(Self.json)).description) }
            guard !workflows.isEmpty else {
                return console.note("There are no workflows: declare one in a catalogue file and apply that")
            }
            var table = TextTable("workflow", "name", ">phases", ">steps", "endpoints")
            for workflow in workflows {
                table.add([
                    workflow.key, workflow.name, "\(workflow.phases)", "\(workflow.steps.count)",
                    workflow.endpoints.joined(separator: ", "),
                ])
            }
            console.print(table)
        }
    }

    private static func json(_ workflow: DeclaredWorkflow) -> JSONValue {
        [
            "organization": .string(workflow.organization), "workflow": .string(workflow.key),
            "name": .string(workflow.name), "phases": .number(JSONNumber(workflow.phases)),
            "steps": .number(JSONNumber(workflow.steps.count)),
            "endpoints": .array(workflow.endpoints.map { .string($0) }),
        ]
    }
}

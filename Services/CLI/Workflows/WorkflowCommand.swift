import ArgumentParser

/// Workflows.
struct WorkflowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "workflow",
        abstract: "Show workflows, and what one comes to before it begins.",
        discussion: """
            Examples:
              weir workflow plan examples/prospects.yaml
              weir workflow list
              weir submit --workflow find_prospects --input query=bakery --wait
            """,
        subcommands: [WorkflowPlanCommand.self, WorkflowListCommand.self])
}

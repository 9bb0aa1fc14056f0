import ArgumentParser
import Catalogue
import JSON
import Workflows

/// Shows what a workflow comes to.
struct WorkflowPlanCommand: WeirCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract:
            "Show the steps of a workflow, and the runs and calls that a request for it comes to. Nothing is started.",
        discussion: """
            The workflow stands in a catalogue file that need not be applied yet, or is one of your organization, which its key \
            names. What is not known before the objects are found is shown by its most, as 'up to'. A file may name activities by \
            their ids: these the database tells.

            Examples:
              weir workflow plan examples/prospects.yaml
              weir workflow plan catalogue.yaml --workflow find_prospects --objects 5000
              weir workflow plan find_prospects
            """)

    @Argument(help: "A catalogue file (.yaml, .yml or .json), or the key of a workflow.") var workflowOrFile: String
    @Option(help: "The key of the workflow, where a file has several.") var workflow: String?
    @Option(help: "The key of the organization, where a file has several with such a workflow.") var org: String?
    @Option(help: "How many objects the request names, 1 to 100000.") var objects: Int?
    @Option(help: ArgumentHelp("Of a file: replace one value; may be repeated.", valueName: "path=value"))
    var set: [String] = []
    @OptionGroup var intake: IntakeOptions
    @OptionGroup var database: DatabaseOptions
    @Flag(help: "Print JSON for programs.") var json = false

    private var isFile: Bool { workflowOrFile.contains("/") || workflowOrFile.contains(".") }

    func check() throws {
        if let objects, !WorkflowGraph.maxObjectsBounds.contains(objects) {
            throw ValidationError("--objects takes 1 to \(WorkflowGraph.maxObjectsBounds.upperBound).")
        }
        if !isFile, workflow != nil { throw ValidationError("--workflow goes with a file.") }
        if !isFile, org != nil { throw ValidationError("--org goes with a file; a key is of one organization.") }
        if !isFile, !set.isEmpty { throw ValidationError("--set goes with a file.") }
        if let wrong = set.first(where: { CatalogueOverride(argument: $0) == nil }) {
            throw ValidationError(
                "--set takes PATH=VALUE, such as workflows.w.data.find.setup.config.max_objects=10, not '\(wrong)'.")
        }
    }

    func run(_ context: CommandContext) async throws {
        let catalogue = WorkflowCatalogue(context: context)
        let found =
            if isFile {
                try await catalogue.workflow(
                    workflow, of: org, inFile: workflowOrFile, set: set, database: database)
            } else { try await catalogue.workflow(workflowOrFile, at: intake) }
        let report = WorkflowPlanReport(found, objects: objects)
        guard !json else { return context.console.print(report.json.description) }
        report.print(to: context.console)
    }
}

import ArgumentParser
import Catalogue
import JSON
import Store

/// Declares a catalogue.
struct ApplyCommand: WeirCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply",
        abstract: "Declare organizations, object types, sources, activities and endpoints from a YAML file.",
        discussion: """
            Prints what is created and changed (old → new), how much else is left alone, and which endpoints have no secret \
            yet. Applying twice changes nothing; what the file does not mention stays. The file is described in docs/catalogue.md.

            Examples:
              weir apply -f examples/countries.yaml --dry-run
              weir apply -f examples/countries.yaml \\
                --set sources.iso_countries.base_url=http://127.0.0.1:4001
            """)

    @Option(name: .shortAndLong, help: "The YAML file.") var file: String

    @Option(
        help: ArgumentHelp(
            "Replace one value of the file; may be repeated.",
            discussion: "Keys are joined by dots, positions of lists stand in brackets: activities.a.sources[0]=b",
            valueName: "path=value"))
    var set: [String] = []

    @Flag(help: "Only show what would be done.") var dryRun = false
    @Flag(help: "Name all that is not in the file and is left alone, also when it is much.") var leftAlone = false
    @OptionGroup var database: DatabaseOptions
    @Flag(help: "Print JSON for programs.") var json = false

    func check() throws {
        if let wrong = set.first(where: { CatalogueOverride(argument: $0) == nil }) {
            throw ValidationError(
                "--set takes PATH=VALUE, such as sources.crm.base_url=http://127.0.0.1:4001, not '\(wrong)'.")
        }
    }

    func run(_ context: CommandContext) async throws {
        let text = try CatalogueFile.read(context.path(file), shownAs: file)
        let ids = WrittenIDs(in: [text] + set)
        // What names nothing by its id is judged before the database is asked for anything.
        let early = ids.isEmpty ? try definition(text) : nil
        let report = try await context.withDatabase(database) { pool in
            let store = CatalogueStore(pool: pool)
            let definition = try await definition(text, known: ids, in: store, judged: early)
            let application = CatalogueApplication(store: store)
            return CatalogueReport(
                diff: try await application.apply(definition, isDryRun: dryRun), isDryRun: dryRun,
                unsignedEndpoints: try await application.unsignedEndpoints(of: definition))
        }
        guard !json else { return context.console.print(report.json.description) }
        for line in report.lines(style: context.console.style, namesLeftAlone: leftAlone) {
            context.console.print(line)
        }
    }

    private func definition(
        _ text: String, known ids: WrittenIDs, in store: CatalogueStore, judged early: CatalogueDefinition?
    ) async throws -> CatalogueDefinition {
        if let early { return early }
        return try definition(text, activityIDs: try await ids.activities(in: store))
    }

    private func definition(
        _ text: String, activityIDs: [String: [String: String]] = [:]
    ) throws -> CatalogueDefinition {
        try CatalogueFile.definition(
            text, shownAs: file, overrides: set.compactMap { CatalogueOverride(argument: $0) }, activityIDs: activityIDs
        )
    }
}

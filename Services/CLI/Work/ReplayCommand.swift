import ArgumentParser
import Catalogue
import Contracts
import JSON
import Mapping

/// Maps the stored answers of a request anew.
struct ReplayCommand: WeirCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay",
        abstract: "Map the stored answers of a request anew. No API is called.",
        discussion: """
            The answers are mapped as the catalogue says now, or as a file says (--mapping) that need not be applied: of the file, \
            object_source, datapoint_source and the datapoints' types and normalization count, for the sources that the request \
            asks. --dry-run shows what would change. Without it new values take the place of those that the request has found, \
            and its new outcome is collected and delivered anew. A mapping that was given stays with the request: what is retried \
            of it is mapped in the same way, until it is replayed without --mapping.

            Answers are taken page by page: if the command is interrupted, the same command does the rest.

            Examples:
              weir replay 0196b1f6-6f0a-7cc3-9d2e-0e8a54a8c1d2 \\
                --mapping new.yaml --dry-run
              weir replay 0196b1f6-6f0a-7cc3-9d2e-0e8a54a8c1d2 --mapping new.yaml
              weir apply -f new.yaml && weir replay 0196b1f6-6f0a-7cc3-9d2e-0e8a54a8c1d2
            """)

    @Argument(help: "The request's id, as 'weir submit' prints it.") var request: String
    @Option(
        help: ArgumentHelp("A catalogue file with the new mapping. Default: the catalogue as it is.", valueName: "path")
    )
    var mapping: String?
    @Option(
        help: ArgumentHelp("With --mapping: replace one value of the file; may be repeated.", valueName: "path=value"))
    var set: [String] = []
    @Option(help: "With --mapping: the key of your organization, where the file has several.") var org: String?
    @Flag(help: "Only show what would change.") var dryRun = false
    @Option(help: "How many changed values to show of each datapoint and kind of change; 0 to 100.") var examples = 3
    @Option(help: "Why, for the history; up to 500 characters. Default: replayed by the name of your key.")
    var reason: String?
    @OptionGroup var intake: IntakeOptions
    @Flag(help: "Print JSON for programs.") var json = false

    func check() throws {
        if !set.isEmpty, mapping == nil { throw ValidationError("--set goes with --mapping.") }
        if org != nil, mapping == nil { throw ValidationError("--org goes with --mapping.") }
        if let wrong = set.first(where: { CatalogueOverride(argument: $0) == nil }) {
            throw ValidationError("--set takes PATH=VALUE, such as sources.crm.max_objects=5, not '\(wrong)'.")
        }
        guard (0...100).contains(examples) else { throw ValidationError("--examples takes 0 to 100.") }
    }

    func run(_ context: CommandContext) async throws {
        let console = context.console
        var body = JSONObject()
        body["mapping"] = try mapping.map { .object(try declared(in: $0, context)) }
        body["reason"] = reason.map { .string($0) }
        if dryRun { body["dry_run"] = true }
        let question = body
        try await IntakeClient.withClient(intake, context) { client in
            var summary = ReplaySummary(examplesMax: examples)
            let progress = ProgressLine(console: console)
            defer { progress.finish() }
            var cursor: String?
            repeat {
                var body = question
                body["cursor"] = cursor.map { .string($0) }
                let page = try await client.replay(request, body)
                try summary.add(page)
                cursor = page.optionalString("cursor")
                progress.show(summary.runs, of: 0, "run")
            } while cursor != nil
            progress.finish()
            if json {
                return console.print(JSONValue.object(dryRun ? summary.difference : summary.outcome).description)
            }
            if dryRun { return summary.print(to: console) }
            guard summary.runs > 0 else { return console.print("There is no stored answer to map anew.") }
            console.print("The answers of \(Quantity(summary.runs, "run")) are being mapped anew.")
            console.note("weir status \(request) shows how far it is")
        }
    }

    /// The mappings of all sources of the organization in a file.
    private func declared(in file: String, _ context: CommandContext) throws -> JSONObject {
        let text = try CatalogueFile.read(context.path(file), shownAs: file)
        let definition = try CatalogueFile.definition(
            text, shownAs: file, overrides: set.compactMap { CatalogueOverride(argument: $0) })
        let keys = definition.organizations.map(\.key)
        guard let organization = definition.organizations.first(where: { org == nil ? keys.count == 1 : $0.key == org })
        else {
            throw CommandError.usage(
                org == nil
                    ? "\(file) declares several organizations"
                    : "\(file) declares no organization '\(TerminalText.safe(org ?? ""))'",
                remedy: "Say with --org whose mapping is meant; the file has \(keys.joined(separator: ", "))")
        }
        return organization.mappings
    }
}

extension OrganizationDefinition {
    /// The mappings of its sources as a replay is given them (docs/api.md).
    fileprivate var mappings: JSONObject {
        let datapoints = Dictionary(
            objectTypes.flatMap { type in type.datapoints.map { ([type.key, $0.key], $0) } },
            uniquingKeysWith: { first, _ in first })
        return JSONObject(
            sources.map { source in
                let objects = JSONObject(
                    source.objectMappings.map { mapping in
                        let json: JSONValue = [
                            "key_mapping": mapping.keyMapping.json,
                            "key_mapping_type": .string(mapping.keyMappingType.rawValue),
                        ]
                        return (mapping.objectType, json)
                    })
                var values = JSONObject()
                for mapping in source.datapointMappings {
                    guard let datapoint = datapoints[[mapping.objectType, mapping.datapoint]] else { continue }
                    var type = values[mapping.objectType]?.objectValue ?? [:]
                    type[mapping.datapoint] = [
                        "paths": .array(mapping.keyMappings.map(\.json)),
                        "type": .string(datapoint.dataType.rawValue),
                        "normalize": datapoint.normalization?.json ?? .null,
                    ]
                    values[mapping.objectType] = .object(type)
                }
                return (source.key, ["object_source": .object(objects), "datapoint_source": .object(values)])
            })
    }
}

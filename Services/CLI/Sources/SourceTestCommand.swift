import ArgumentParser
import Assembly
import Catalogue
import Exchanges
import JSON
import Outbound
import Runtime
import Sources

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Tries a source out.
struct SourceTestCommand: WeirCommand {
    static let configuration = CommandConfiguration(
        commandName: "test",
        abstract: "Ask a source once, and show the request, the answer, and what it is mapped to. Nothing is stored.",
        discussion: """
            Shows what is sent and received with every secret masked, where each path of the mapping finds something, the objects and \
            values with what was normalized and what does not fit, and what no path reads. A source with jobs is submitted to, polled \
            and fetched from; the job is ended at the API when the command gives up or is interrupted. The limits of the source \
            (concurrency, rate) and its retries do not count here.

            The source stands in the database, or in a file (-f) that need not be applied yet. Secrets are those of this command's \
            environment (WEIR_SECRET_NAME, WEIR_SECRETS_DIR); addresses that are not public must be listed in WEIR_OUTBOUND_ALLOW, but for those of this machine while 'weir up' of this clone runs.

            What the templates need besides objects is given as --input NAME=VALUE: fields of a request's input, values that the \
            object already has, and with --step the job's number as run_external_id.

            The exit status is 0 only if something was mapped; with a --step whose answer is not mapped, if the API answered.

            Examples:
              weir source test registry --object "Eiche Bakery"
              weir source test registry --object "Eiche Bakery" -f catalogue.yaml \\
                --set sources.registry.base_url=http://127.0.0.1:4003
              weir source test company_search --input query=bakery --json
              weir source test profiles --objects "Nord Media,Tal Energy" --wait 5m
              weir source test profiles --step status --input run_external_id=batch-17
              weir source test registry --object "Eiche Bakery" --answer answer.json
            The last one maps a stored answer and calls nobody.
            """)

    /// The longest stored answer, in bytes: as long as any source's.
    private static let answerBytesMax = 256 << 20

    @Argument(help: "The key of the source, as the catalogue names it.") var source: String
    @Option(
        name: .customLong("object"), parsing: .singleValue,
        help: ArgumentHelp("The name of an object to ask about; may be repeated.", valueName: "name"))
    var names: [String] = []
    @Option(help: "Several names, with commas between them.") var objects: String?
    @Option(
        name: .customLong("input"), parsing: .singleValue,
        help: ArgumentHelp("The value of a template's variable; may be repeated.", valueName: "name=value"))
    var inputs: [String] = []
    @Option(
        help:
            "The activity whose input defaults and setup count. Default: those of all activities that ask the source.")
    var activity: String?
    @Option(help: "The key of the organization, where several have such a source.") var org: String?
    @Option(name: .shortAndLong, help: "A catalogue file to take the source from, instead of the database.")
    var file: String?
    @Option(help: ArgumentHelp("With -f: replace one value of the file; may be repeated.", valueName: "path=value"))
    var set: [String] = []
    @Option(help: "One step alone: run, status, delivery, abort, cleanup or lookup.") var step: String?
    @Option(
        parsing: .singleValue,
        help: ArgumentHelp(
            "Map the answer in this file and call nobody; of a paged source one file for each page.", valueName: "path")
    )
    var answer: [String] = []
    @Option(help: "How long a job may take: 30s, 5m, 1h.") var wait = "60s"
    @OptionGroup var database: DatabaseOptions
    @Flag(help: "Print JSON for programs.") var json = false

    func check() throws {
        if let wrong = set.first(where: { CatalogueOverride(argument: $0) == nil }) {
            throw ValidationError(
                "--set takes PATH=VALUE, such as sources.crm.base_url=http://127.0.0.1:4001, not '\(wrong)'.")
        }
        if !set.isEmpty, file == nil { throw ValidationError("--set goes with -f.") }
        if !names.isEmpty, objects != nil { throw ValidationError("Give either --object or --objects.") }
        if let step, SourceStep(rawValue: step) == nil {
            throw ValidationError(
                "'\(step)' is no step; take \(SourceStep.allCases.map(\.rawValue).joined(separator: ", ")).")
        }
        if !answer.isEmpty, step != nil { throw ValidationError("--answer calls nobody; leave --step out.") }
        guard TimeSpan.length(wait) != nil else { throw ValidationError("--wait takes 30s, 5m or 1h, not '\(wait)'.") }
    }

    func run(_ context: CommandContext) async throws {
        let console = context.console
        let asked = try objects.map { try ObjectList.parse(list: $0) } ?? names
        let input = try InputFields.parse(inputs)
        let catalogue = TrialCatalogue(context: context, source: source, organization: org)
        let source =
            if let file {
                try catalogue.source(inFile: file, overrides: set.compactMap { CatalogueOverride(argument: $0) })
            } else { try await catalogue.source(in: database) }
        let secrets = TrialSecrets(SecretResolver(environment: context.environment))
        let steps = StepLog(console: json ? nil : console)
        do {
            let found =
                answer.isEmpty
                ? try await called(source, asked: asked, input: input, secrets, context) { steps.add($0) }
                : try stored(source, context)
            let report = try found.map { found in
                try TrialReport(found.body, isPaged: found.isPaged, asked: asked, source: source, secrets: secrets)
            }
            if json {
                console.print(document(source, steps, report?.json ?? [:]))
            } else {
                report?.print(to: console)
            }
            // Without a report it was a step whose answer is not mapped.
            guard report?.isMapped ?? true else { throw ExitStatusError(status: .failure) }
        } catch let error as CommandError where json && error.status == .failure {
            console.print(document(source, steps, ["mapped": false, "error": .string(error.problem)]))
            throw error
        } catch let error as ExitStatusError where !json {
            console.note()
            console.note("Nothing was mapped. Compare the paths above with what no path reads.")
            throw error
        }
    }

    /// For programs.
    private func document(_ source: TrialSource, _ steps: StepLog, _ members: JSONObject) -> String {
        var document: JSONObject = [
            "organization": .string(source.organization), "source": .string(source.key),
            "steps": .array(steps.all.map(\.json)),
        ]
        for member in members { document[member.key] = member.value }
        return JSONValue.object(document).description
    }

    /// The API's answer that is mapped; nil when the step's is not.
    private func called(
        _ source: TrialSource, asked: [String], input: JSONObject, _ secrets: TrialSecrets, _ context: CommandContext,
        show: @escaping @Sendable (TrialStep) -> Void
    ) async throws -> MappedDocument? {
        let step = step.flatMap(SourceStep.init)
        if let step, source.templates[step] == nil {
            let known = SourceStep.allCases.filter { source.templates[$0] != nil }.map(\.rawValue)
            throw CommandError.usage(
                "The source \(source.key) has no \(step.key), so that there is no step \(step.rawValue)",
                remedy: "Leave --step out, or take one that it has: \(known.joined(separator: ", "))")
        }
        let answer = try await Self.withOutbound(context) { outbound in
            let client = try SourceClient(
                setup: source.setup, templates: source.templates, outbound: outbound,
                secrets: { try secrets.resolve($0) }, now: { Date() }, tokens: InMemoryTokenStore())
            let values = try TrialValues(
                objects: asked, input: input, activity: activity, submissionKey: UUID().uuidString.lowercased(),
                source: source, variables: client.variables)
            let trial = SourceTrial(
                source, client: client, values: values, wait: TimeSpan.length(wait) ?? .seconds(60), show: show)
            return try await Interruption.cancelling {
                if let step { try await trial.perform(step) } else { try await trial.answer() }
            }
        }
        guard let answer else { throw CancellationError() }
        if let noData = answer.noData {
            throw CommandError("The API has nothing to map: \(noData)", remedy: "Ask about another object")
        }
        guard (step ?? source.mappedStep) == source.mappedStep else { return nil }
        return MappedDocument(body: answer.body, isPaged: answer.pages != nil)
    }

    /// The answer that stands in files.
    private func stored(_ source: TrialSource, _ context: CommandContext) throws -> MappedDocument {
        let isPaged = source.setup.isPaged(source.mappedStep)
        guard answer.count == 1 || isPaged else {
            throw CommandError.usage(
                "An answer of \(source.key) is one page, and \(answer.count) files were given",
                remedy: "Give --answer once")
        }
        let pages = try answer.map { file in
            guard let data = FileManager.default.contents(atPath: context.path(file)) else {
                throw CommandError.unreadable(context.path(file), shownAs: file)
            }
            guard data.count <= Self.answerBytesMax else {
                throw CommandError(
                    "\(file) has more than \(Self.answerBytesMax) bytes, the longest answer there can be")
            }
            return Array(data)
        }
        guard isPaged else { return MappedDocument(body: pages[0], isPaged: false) }
        let body = [UInt8(ascii: "[")] + pages.joined(separator: [UInt8(ascii: ",")]) + [UInt8(ascii: "]")]
        return MappedDocument(body: Array(body), isPaged: true)
    }

    /// Lends an HTTP client with the bounds and the allow list of the services' settings.
    private static func withOutbound<Output: Sendable>(
        _ context: CommandContext, _ body: (OutboundClient) async throws -> Output
    ) async throws -> Output {
        var environment = context.environment
        // What the services of 'weir up' may call, this may call too.
        if context.variable("WEIR_OUTBOUND_ALLOW") == nil, context.runningInstance() != nil {
            environment["WEIR_OUTBOUND_ALLOW"] = InstancePreparation.loopbackNetworks
        }
        let runtime = try RuntimeContext(
            name: "weir", environment: environment, logger: CommandContext.silentLogger)
        let outbound = try OutboundClient(
            configuration: OutboundSettings.configuration(runtime), logger: CommandContext.silentLogger)
        do {
            let output = try await body(outbound)
            await outbound.close()
            return output
        } catch {
            await outbound.close()
            throw error
        }
    }
}

/// A document that the mapping is for.
private struct MappedDocument: Sendable {
    let body: [UInt8]
    /// Whether it is the array of an answer's pages.
    let isPaged: Bool
}

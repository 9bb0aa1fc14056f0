import ArgumentParser
import JSON

/// Asks for an activity or a workflow.
struct SubmitCommand: WeirCommand {
    static let configuration = CommandConfiguration(
        commandName: "submit",
        abstract: "Ask for an activity or a workflow, on some objects or to find some.",
        discussion: """
            Prints the id of the request; with --wait it shows progress and then how the runs ended, and names each \
            delivery that has not got through by then. The exit status is 1 when the request ends without success; \
            deliveries do not change it. Giving the same --idempotency-key again returns the first request.

            What an activity takes besides objects is given as --input NAME=VALUE, once for each field. A value that reads as a \
            JSON number, true, false, a list or a text in quotes is that; everything else is a text: query=bakery, size_min=10, \
            'places=["Berlin", "Bonn"]', 'code="0815"'.

            A workflow (--workflow) gives the objects to the steps that begin it, and each field to every step that declares it. \
            'weir workflow plan' shows beforehand what it comes to.

            A CSV file's names stand in the column 'object' or 'name', or in that which --column names; its first line is the \
            heading then. When the first line holds no such title, say what it is: --header or --no-header. An NDJSON file \
            has "DE" or {"object": "DE"} on each line. What was taken from a file is said before it is asked for.

            Examples:
              weir submit enrich_countries --objects NO,AX,ZM --wait
              weir submit enrich_companies --file firms.csv --column legal_name
              weir submit enrich_countries --file codes.csv --no-header
              weir submit enrich_countries --objects NO --json
              weir submit find_companies --input query=bakery --input size_min=10 --wait
              weir submit --workflow find_prospects --input query=bakery --wait
            """)

    /// How long the deliveries have for their first attempt before this command stops waiting for what there is to say about them.
    private static let deliveryPatience: Duration = .seconds(1)

    @Argument(help: "The key of the activity, as the catalogue names it.") var activity: String?
    @Option(help: ArgumentHelp("The key of a workflow, in place of an activity.", valueName: "key"))
    var workflow: String?
    @Option(help: "The objects' names, with commas between them.") var objects: String?
    @Option(help: ArgumentHelp("A file with the objects' names: .csv or .ndjson.", valueName: "path")) var file: String?
    @Option(
        name: .customLong("input"), parsing: .singleValue,
        help: ArgumentHelp("A field that the activity takes; may be repeated.", valueName: "name=value"))
    var inputs: [String] = []
    @Option(help: "The column (CSV; a number with --no-header) or member (NDJSON) that holds the names.")
    var column: String?
    @Flag(
        inversion: .prefixedNo,
        help:
            "Whether the first line of a CSV file is a heading. Default: if it has a column 'object' or 'name', or that of --column."
    )
    var header: Bool?
    @Flag(help: "Wait until all runs have ended.") var wait = false
    @Option(help: "Makes repeating this command harmless; 1 to 255 characters.") var idempotencyKey: String?
    @OptionGroup var intake: IntakeOptions
    @Flag(help: "Print JSON for programs.") var json = false

    func check() throws {
        guard (activity == nil) != (workflow == nil) else {
            throw ValidationError("Say what to do: the key of an activity, or --workflow and the key of a workflow.")
        }
        guard objects == nil || file == nil else {
            throw ValidationError("Say which objects: either --objects DE,FR or --file objects.csv.")
        }
        if header != nil, file == nil { throw ValidationError("--header and --no-header are about --file.") }
        if column != nil, file == nil { throw ValidationError("--column says which column of --file to take.") }
        if let idempotencyKey, !(1...255).contains(idempotencyKey.utf8.count) {
            throw ValidationError("--idempotency-key takes 1 to 255 characters.")
        }
    }

    func run(_ context: CommandContext) async throws {
        let names = try named(context)
        let input = try InputFields.parse(inputs)
        let console = context.console
        try await IntakeClient.withClient(intake, context) { client in
            let accepted = try await accepted(client, objects: names, input: input)
            guard wait else {
                guard !json else { return console.print(accepted.json.description) }
                console.print(accepted.id)
                return console.note("\(accepted.plan); weir status \(accepted.id) shows how far it is")
            }
            if !json { console.note("request \(accepted.id): \(accepted.plan)") }
            let follower = RequestFollower(client: client, console: console)
            if workflow != nil { return try await finish(workflowRequest: accepted.id, follower) }
            let overview = try await Self.untilSignal(accepted.id) { [json] in
                let ended = try await follower.follow(accepted.id)
                if json { return ended }
                return try await follower.follow(accepted.id, timeout: Self.deliveryPatience) {
                    $0.deliveries.allSatisfy(\.isTried)
                }
            }
            if json {
                console.print(overview.json.description)
            } else {
                OverviewText.print(overview, to: console)
                for line in OverviewText.undelivered(overview.deliveries) { console.note(line) }
                if overview.isSuccessful { console.note("weir result \(overview.id) shows the values") }
            }
            guard overview.isSuccessful else { throw ExitStatusError(status: .failure) }
        }
    }

    private func accepted(
        _ client: IntakeClient, objects: [String]?, input: JSONObject
    ) async throws -> AcceptedRequest {
        if let workflow {
            return try await client.submit(
                workflow: workflow, objects: objects, input: input, idempotencyKey: idempotencyKey)
        }
        return try await client.submit(
            activity: activity ?? "", objects: objects, input: input, idempotencyKey: idempotencyKey)
    }

    /// Waits for the end of a workflow and shows its tree.
    private func finish(workflowRequest id: String, _ follower: RequestFollower) async throws {
        let console = follower.console
        let overview = try await Self.untilSignal(id) {
            try await follower.follow { try await follower.client.workflowStatus(of: id) }
        }
        if json {
            console.print(overview.json.description)
        } else {
            WorkflowText.print(overview, to: console)
            if overview.isSuccessful {
                console.note("weir result REQUEST shows the values of a step, by its request above")
            }
        }
        guard overview.isSuccessful else { throw ExitStatusError(status: .failure) }
    }

    /// Waits; a signal ends the waiting, and not the request.
    private static func untilSignal<Value: Sendable>(
        _ id: String, _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        guard let value = try await Interruption.untilSignal(body) else {
            throw CommandError(
                "Interrupted; the request goes on",
                remedy: "weir status \(id) shows how far it is; weir cancel \(id) ends it")
        }
        return value
    }

    private func named(_ context: CommandContext) throws -> [String]? {
        if let objects { return try ObjectList.parse(list: objects) }
        guard let file else { return nil }
        let found = try ObjectList.read(context.path(file), shownAs: file, column: column, hasHeader: header)
        context.console.note(found.summary)
        return found.names
    }
}

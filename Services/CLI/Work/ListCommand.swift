import ArgumentParser
import Contracts
import JSON

/// Lists requests.
struct ListCommand: WeirCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the requests of your organization, the newest first.",
        discussion: """
            Examples:
              weir list
              weir list --state failed --state timedout --limit 100
              weir list --activity look_up_countries --json
              weir list --workflows
              weir list --workflow find_prospects --state failed
            """)

    /// The most that intake gives in one answer.
    private static let pageMax = 200

    @Option(help: "Only those in this state; may be given several times.") var state: [String] = []
    @Option(help: "Only those for the activity of this key.") var activity: String?
    @Flag(help: "Those for workflows, in place of those for activities.") var workflows = false
    @Option(help: "Only those for the workflow of this key.") var workflow: String?
    @Option(help: "How many, at the most.") var limit = 20
    @OptionGroup var intake: IntakeOptions
    @Flag(help: "Print JSON for programs.") var json = false

    func check() throws {
        guard limit > 0 else { throw ValidationError("--limit takes a number from 1.") }
        let isPlain = { (text: String) in
            !text.isEmpty && text.utf8.allSatisfy { $0 == UInt8(ascii: "_") || 0x30...0x39 ~= $0 || 0x61...0x7A ~= $0 }
        }
        for state in state where !isPlain(state) { throw ValidationError("'\(state)' is no state.") }
        if let activity, !isPlain(activity) { throw ValidationError("'\(activity)' is no key of an activity.") }
        if let workflow, !isPlain(workflow) { throw ValidationError("'\(workflow)' is no key of a workflow.") }
        if activity != nil, kind == .workflow {
            throw ValidationError("--activity is about requests for activities; leave --workflows and --workflow out.")
        }
    }

    private var kind: RequestKind { workflows || workflow != nil ? .workflow : .activity }

    func run(_ context: CommandContext) async throws {
        let console = context.console
        try await IntakeClient.withClient(intake, context) { client in
            var found: [AnswerReader] = []
            var cursor: String?
            repeat {
                let page = try await client.list(
                    kind, states: state, activity: activity, workflow: workflow,
                    limit: min(limit - found.count, Self.pageMax), cursor: cursor)
                found += page.list("requests")
                cursor = page.optionalString("cursor")
            } while cursor != nil && found.count < limit
            if json { return console.print(JSONValue.array(found.map(\.value)).description) }
            guard !found.isEmpty else {
                let isFiltered = !state.isEmpty || activity != nil || workflow != nil
                let first = kind == .activity ? "weir submit ACTIVITY --objects …" : "weir submit --workflow KEY …"
                return console.note(isFiltered ? "There are no such requests." : "There are no requests: \(first)")
            }
            console.print(try kind == .activity ? Self.table(of: found) : Self.table(ofWorkflows: found))
            if cursor != nil { console.note("There are older ones: --limit shows more") }
        }
    }

    private static func table(of requests: [AnswerReader]) throws -> TextTable {
        var table = TextTable([
            .whole("request"), .whole("made"), .left("activity"), .whole("state"), .right("runs"), .right("open"),
            .right("not done"),
        ])
        for request in requests { table.add(try row(request)) }
        return table
    }

    private static func table(ofWorkflows requests: [AnswerReader]) throws -> TextTable {
        var table = TextTable([
            .whole("request"), .whole("made"), .left("workflow"), .whole("state"), .right("steps"), .right("open"),
            .left("reason"),
        ])
        for request in requests {
            let steps = try request.object("requests")
            let total = try steps.int("total")
            let open = total - (try steps.int("over"))
            table.add([
                try request.string("id"), try made(request), request.optionalString("workflow") ?? "",
                try state(of: request), "\(total)", open == 0 ? "" : "\(open)", request.optionalString("reason") ?? "",
            ])
        }
        return table
    }

    private static func made(_ request: AnswerReader) throws -> String {
        InstantText.minute(try request.string("created_at"))
    }

    private static func state(of request: AnswerReader) throws -> String {
        let state = try request.string("state")
        return request.optionalString("substate").map { "\(state) (\($0))" } ?? state
    }

    private static func row(_ request: AnswerReader) throws -> [String] {
        let runs = try request.object("runs")
        let total = try runs.int("total")
        let open = try runs.int("open")
        let rest = total - open - (try runs.int("done"))
        return [
            try request.string("id"), try made(request), try request.string("activity"), try state(of: request),
            "\(total)", open == 0 ? "" : "\(open)", rest == 0 ? "" : "\(rest)",
        ]
    }
}

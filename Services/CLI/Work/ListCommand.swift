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
            """)

    /// The most that intake gives in one answer.
    private static let pageMax = 200

    @Option(help: "Only those in this state; may be given several times.") var state: [String] = []
    @Option(help: "Only those for the activity of this key.") var activity: String?
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
    }

    func run(_ context: CommandContext) async throws {
        let console = context.console
        try await IntakeClient.withClient(intake, context) { client in
            var found: [AnswerReader] = []
            var cursor: String?
            repeat {
                let page = try await client.list(
                    states: state, activity: activity, limit: min(limit - found.count, Self.pageMax), cursor: cursor)
                found += page.list("requests")
                cursor = page.optionalString("cursor")
            } while cursor != nil && found.count < limit
            if json { return console.print(JSONValue.array(found.map(\.value)).description) }
            guard !found.isEmpty else {
                let isFiltered = !state.isEmpty || activity != nil
                return console.note(
                    isFiltered
                        ? "There are no such requests." : "There are no requests: weir submit ACTIVITY --objects …")
            }
            var table = TextTable([
                .whole("request"), .whole("made"), .left("activity"), .whole("state"), .right("runs"), .right("open"),
                .right("not done"),
            ])
            for request in found { table.add(try Self.row(request)) }
            console.print(table)
            if cursor != nil { console.note("There are older ones: --limit shows more") }
        }
    }

    private static func row(_ request: AnswerReader) throws -> [String] {
        let runs = try request.object("runs")
        let total = try runs.int("total")
        let open = try runs.int("open")
        let rest = total - open - (try runs.int("done"))
        let state = try request.string("state")
        let made = String(try request.string("created_at").prefix(16)).replacing("T", with: " ")
        return [
            try request.string("id"), made, try request.string("activity"),
            request.optionalString("substate").map { "\(state) (\($0))" } ?? state, "\(total)",
            open == 0 ? "" : "\(open)", rest == 0 ? "" : "\(rest)",
        ]
    }
}

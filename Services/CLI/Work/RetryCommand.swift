import ArgumentParser
import Contracts
import JSON

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Takes ended runs up again.
struct RetryCommand: WeirCommand {
    static let configuration = CommandConfiguration(
        commandName: "retry",
        abstract: "Take runs up again that ended without success.",
        discussion: """
            Of a request for an activity or a workflow, of one run (--run), or all that a filter finds (--since, with --state and --source as you like; what \
            somebody cancelled is left out unless --cancelled is given). Their attempts are counted anew, their requests go on, and \
            the new outcome is delivered anew. Runs are taken up page by page: if the command is interrupted, what was taken up \
            stays so; the same command does the rest, and with --cursor it begins where it ended. --dry-run only says which runs \
            would be taken up. Of a request for a workflow, --dry-run and --source are about the request of one of its steps.

            Examples:
              weir retry 0196b1f6-6f0a-7cc3-9d2e-0e8a54a8c1d2
              weir retry --run 0196b1f6-71c2-7d10-8a5e-3f0a54a8c1d2
              weir retry --state failed --source registry --since 1h --dry-run
              weir retry --state failed --source registry --since 1h
            """)

    @Argument(help: "The request's id, as 'weir submit' prints it.") var request: String?
    @Option(help: "The id of one run.") var run: String?
    @Option(help: "failed, timedout or invalid; may be given several times. Default: all of them.") var state:
        [String] = []
    @Option(help: "The key of the source.") var source: String?
    @Option(help: "Runs made since then: 30m, 1h, 7d, or a moment such as 2026-11-26T08:00:00Z.") var since: String?
    @Option(help: "Runs made until then; a moment. Default: now.") var until: String?
    @Flag(help: "With --since: also runs that somebody cancelled.") var cancelled = false
    @Option(help: "Why, for the history; up to 500 characters. Default: retried by the name of your key.")
    var reason: String?
    @Option(help: "Where to begin: what an interrupted command named.") var cursor: String?
    @Flag(help: "Only say which runs would be taken up again.") var dryRun = false
    @OptionGroup var intake: IntakeOptions
    @Flag(help: "Print JSON for programs.") var json = false

    func check() throws {
        guard [request, run, since].filter({ $0 != nil }).count == 1 else {
            throw ValidationError(
                "Say which runs: a request's id, --run, or --since with --state and --source as you like.")
        }
        if cancelled, since == nil { throw ValidationError("--cancelled goes with --since.") }
        if until != nil, since == nil { throw ValidationError("--until goes with --since.") }
        if run != nil, source != nil { throw ValidationError("--run names a single run; --source says nothing more.") }
        for state in state where !["failed", "timedout", "invalid"].contains(state) {
            throw ValidationError("'\(state)' is no state to retry from; take failed, timedout or invalid.")
        }
    }

    func run(_ context: CommandContext) async throws {
        let console = context.console
        let began = Date()
        let span = try since.map { try TimeSpan(since: $0, until: until, now: began) }
        var body = JSONObject()
        body["states"] = state.isEmpty ? nil : .array(state.map { .string($0) })
        body["source"] = source.map { .string($0) }
        body["reason"] = reason.map { .string($0) }
        body["run"] = run.map { .string($0) }
        if cancelled { body["cancelled"] = .bool(true) }
        if let span {
            body["since"] = .string(span.since)
            body["until"] = .string(span.until)
        }
        if dryRun { body["dry_run"] = true }
        let question = body
        try await IntakeClient.withClient(intake, context) { client in
            let pages = RetryPages(client: client, request: request, question: question, span: span, console: console)
            if dryRun { return try await show(pages.preview(from: cursor), console) }
            let tally = try await pages.takeUp(from: cursor)
            if json {
                let answer: JSONObject = [
                    "retried": .number(JSONNumber(tally.retried)), "requests": .number(JSONNumber(tally.requests)),
                ]
                return console.print(JSONValue.object(answer).description)
            }
            console.print(
                tally.retried == 0 && tally.requests == 0
                    ? "Nothing to take up again."
                    : Self.summary(tally.retried, tally.requests))
            if let request, tally.requests > 0 { console.note("weir status \(request) shows how far it is") }
        }
    }

    /// Says what would be taken up.
    private func show(_ preview: RetryPages.Preview, _ console: Console) {
        let runs = preview.groups.reduce(0) { $0 + $1.value }
        let groups = preview.groups.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
        if json {
            let answer: JSONObject = [
                "would_retry": .number(JSONNumber(runs)), "makes_runs": .bool(preview.makesRuns),
                "runs": .array(
                    groups.map { group, count in
                        [
                            "state": .string(group.state), "substate": group.substate.map { .string($0) } ?? .null,
                            "source": group.source.map { .string($0) } ?? .null, "count": .number(JSONNumber(count)),
                        ]
                    }),
            ]
            return console.print(JSONValue.object(answer).description)
        }
        if preview.makesRuns { console.print("The request would go on making runs that it does not have yet.") }
        guard runs > 0 else {
            if !preview.makesRuns { console.print("Nothing to take up again.") }
            return
        }
        console.print("\(Quantity(runs, "run")) would be taken up again:")
        var table = TextTable([.right("runs"), .left("state"), .left("why"), .left("source")])
        for (group, count) in groups {
            table.add(["\(count)", group.state, group.substate ?? "", group.source ?? ""])
        }
        console.print(table)
    }

    private static func summary(_ runs: Int, _ requests: Int) -> String {
        let taken = "\(Quantity(runs, "run")) taken up again"
        if requests == 0 { return taken + "." }
        return "\(taken), \(Quantity(requests, "request")) that had ended \(requests == 1 ? "goes" : "go") on."
    }
}

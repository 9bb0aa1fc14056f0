import ArgumentParser
import JSON

/// Shows how a request stands.
struct StatusCommand: WeirCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show how a request stands, and what happened to it.",
        discussion: """
            Examples:
              weir status 0196b1f6-6f0a-7cc3-9d2e-0e8a54a8c1d2
              weir status 0196b1f6-6f0a-7cc3-9d2e-0e8a54a8c1d2 --timeline
            """)

    @Argument(help: "The request's id, as 'weir submit' prints it.") var request: String
    @Flag(help: "Show every change of the request and its runs, with durations.") var timeline = false
    @OptionGroup var intake: IntakeOptions
    @Flag(help: "Print JSON for programs.") var json = false

    func run(_ context: CommandContext) async throws {
        let console = context.console
        try await IntakeClient.withClient(intake, context) { client in
            let overview = try await client.status(of: request)
            let history = timeline ? try await client.timeline(of: request) : nil
            if json {
                guard let history, case .object(var object) = overview.json else {
                    return console.print(overview.json.description)
                }
                object["timeline"] = history.json["entries"] ?? .array([])
                return console.print(JSONValue.object(object).description)
            }
            for line in OverviewText.lines(overview, style: console.style) { console.print(line) }
            console.print()
            console.print(OverviewText.outcomes(overview))
            if let history {
                console.print()
                console.print(TimelineText.table(history))
                console.note(TimelineText.legend)
            }
        }
    }
}

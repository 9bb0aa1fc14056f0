import ArgumentParser
import JSON

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Shows how a request stands.
struct StatusCommand: WeirCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show how a request stands, and what happened to it.",
        discussion: """
            Shows the runs by outcome and reason, an example of the calls that failed, and the deliveries to the activity's \
            endpoints. Reasons that differ in quoted texts and numbers only are shown as one, in the words of the first object.

            Of a request for a workflow it shows a tree: its phases, and below each its steps with how far they are and the ids of \
            their own requests.

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
            let standing = try await client.standing(of: request)
            let history = timeline ? try await client.timeline(of: request, standing.kind) : nil
            if json {
                guard let history, case .object(var object) = standing.json else {
                    return console.print(standing.json.description)
                }
                object["timeline"] = history.json["entries"] ?? .array([])
                return console.print(JSONValue.object(object).description)
            }
            standing.print(to: console)
            let now = Int64(Date().timeIntervalSince1970 * 1_000_000)
            if !standing.deliveries.isEmpty { console.print() }
            for line in OverviewText.deliveries(standing.deliveries, now: now) { console.print(line) }
            if let history {
                console.print()
                console.print(TimelineText.table(history))
                for line in console.wrapped(TimelineText.legend) { console.note(line) }
            }
        }
    }
}

import ArgumentParser
import Contracts
import JSON

/// Gives a request up.
struct CancelCommand: WeirCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel",
        abstract: "End a request before all of its runs are done.",
        discussion: """
            Runs that are open become failed, with the substate cancelled; calls under way are aborted within seconds. What \
            is done stays: the result holds it and goes to the activity's endpoints like any other. 'weir retry' takes a \
            cancelled request up again. Of a workflow, all steps are ended that have not ended by themselves.

            Examples:
              weir cancel 0196b1f6-6f0a-7cc3-9d2e-0e8a54a8c1d2
              weir cancel 0196b1f6-6f0a-7cc3-9d2e-0e8a54a8c1d2 \\
                --reason "wrong list of companies" --wait
            """)

    @Argument(help: "The request's id, as 'weir submit' prints it.") var request: String
    @Option(help: "Why, for the history, beside the name of your key; up to 500 characters.")
    var reason: String?
    @Flag(help: "Wait until the request is over.") var wait = false
    @OptionGroup var intake: IntakeOptions
    @Flag(help: "Print JSON for programs.") var json = false

    func run(_ context: CommandContext) async throws {
        let console = context.console
        try await IntakeClient.withClient(intake, context) { client in
            let action = try await client.cancel(request, reason: reason)
            guard wait else {
                if json { return console.print(action.json.description) }
                return console.print(Self.sentence(about: action))
            }
            let follower = RequestFollower(client: client, console: console)
            let standing = try await follower.follow { try await client.standing(of: request) }
            if json { return console.print(standing.json.description) }
            standing.print(to: console)
        }
    }

    private static func sentence(about action: RequestAction) -> String {
        if action.isOver { return "The request is over." }
        guard let open = action.openRuns else { return "The request ends." }
        return "The request ends: \(Quantity(open, "open run")) \(open == 1 ? "is" : "are") being closed."
    }
}

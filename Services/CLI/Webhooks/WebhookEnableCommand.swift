import ArgumentParser
import JSON

/// Enables an endpoint.
struct WebhookEnableCommand: WeirCommand {
    static let configuration = CommandConfiguration(
        commandName: "enable", abstract: "Let an endpoint get events again.",
        discussion: """
            An endpoint is disabled by 'weir webhook disable', by its answer HTTP 410, or when nothing has got through for days. \
            What was given up meanwhile is sent again by 'weir webhook recover'.

            Example:
              weir webhook enable crm
            """)

    @Argument(help: "The endpoint's key.") var endpoint: String
    @OptionGroup var intake: IntakeOptions
    @Flag(help: "Print JSON for programs.") var json = false

    func run(_ context: CommandContext) async throws {
        let console = context.console
        try await IntakeClient.withClient(intake, context) { client in
            let found = try await client.act("enable", on: endpoint)
            if json { return console.print(found.value.description) }
            console.print("\(endpoint) is enabled.")
            console.note("weir webhook recover \(endpoint) --since … sends again what was given up")
        }
    }
}

import ArgumentParser
import JSON

/// Disables an endpoint.
struct WebhookDisableCommand: WeirCommand {
    static let configuration = CommandConfiguration(
        commandName: "disable", abstract: "Keep all events from an endpoint until it is enabled.",
        discussion: """
            Deliveries that wait are given up, and events that come make none. Applying a catalogue enables nothing.

            Example:
              weir webhook disable crm --reason "moves to another host tonight"
            """)

    @Argument(help: "The endpoint's key.") var endpoint: String
    @Option(help: "Why, beside the name of your key; up to 500 characters.") var reason: String?
    @OptionGroup var intake: IntakeOptions
    @Flag(help: "Print JSON for programs.") var json = false

    func run(_ context: CommandContext) async throws {
        let console = context.console
        let body = JSONObject(reason.map { [("reason", .string($0))] } ?? [])
        try await IntakeClient.withClient(intake, context) { client in
            let found = try await client.act("disable", on: endpoint, body)
            console.print(json ? found.value.description : "\(endpoint) is disabled.")
        }
    }
}

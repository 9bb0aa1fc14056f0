import ArgumentParser
import JSON

/// Lists secrets.
struct WebhookSecretListCommand: WeirCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the secrets of an endpoint that sign now; the secrets themselves are not shown.",
        discussion: "Example:\n  weir webhook secret list crm")

    @Argument(help: "The endpoint's key.") var endpoint: String
    @OptionGroup var intake: IntakeOptions
    @Flag(help: "Print JSON for programs.") var json = false

    func run(_ context: CommandContext) async throws {
        let console = context.console
        try await IntakeClient.withClient(intake, context) { client in
            let found = try await client.endpoint(endpoint)
            let secrets = found.list("secrets")
            if json { return console.print(JSONValue.array(secrets.map(\.value)).description) }
            if let name = found.optionalString("secret_name") {
                console.note("The catalogue gives \(endpoint) the secret \(TerminalText.safe(name)).")
            }
            guard !secrets.isEmpty else {
                return console.note("Weir has made no secret for it: weir webhook secret create \(endpoint)")
            }
            console.print(try EndpointText.secretTable(secrets))
        }
    }
}

import ArgumentParser
import JSON

/// Shows an endpoint.
struct WebhookShowCommand: WeirCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show an endpoint: what it gets, how that goes, its secrets.",
        discussion: """
            Examples:
              weir webhook show crm
              weir webhook show crm --json
            """)

    @Argument(help: "The endpoint's key.") var endpoint: String
    @OptionGroup var intake: IntakeOptions
    @Flag(help: "Print JSON for programs.") var json = false

    func run(_ context: CommandContext) async throws {
        let console = context.console
        try await IntakeClient.withClient(intake, context) { client in
            let found = try await client.endpoint(endpoint)
            if json { return console.print(found.value.description) }
            for line in try EndpointText.lines(found, style: console.style) { console.print(line) }
            let secrets = found.list("secrets")
            guard !secrets.isEmpty else { return }
            console.print()
            console.print(try EndpointText.secretTable(secrets))
        }
    }
}

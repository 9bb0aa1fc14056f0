import ArgumentParser
import JSON

/// Lists endpoints.
struct WebhookListCommand: WeirCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the endpoints of your organization, and how they do.",
        discussion: """
            Examples:
              weir webhook list
              weir webhook list --json
            """)

    @OptionGroup var intake: IntakeOptions
    @Flag(help: "Print JSON for programs.") var json = false

    func run(_ context: CommandContext) async throws {
        let console = context.console
        try await IntakeClient.withClient(intake, context) { client in
            var found: [AnswerReader] = []
            var cursor: String?
            repeat {
                let page = try await client.endpoints(cursor: cursor)
                found += page.list("endpoints")
                cursor = page.optionalString("cursor")
            } while cursor != nil
            if json { return console.print(JSONValue.array(found.map(\.value)).description) }
            guard !found.isEmpty else {
                return console.note("There are no endpoints: declare webhook_endpoints in a catalogue file")
            }
            var table = TextTable([
                .whole("endpoint"), .whole("state"), .left("url"), .left("events"), .right("secrets"), .left("health"),
            ])
            for endpoint in found {
                table.add([
                    try endpoint.string("key"), try endpoint.string("state"), try endpoint.string("url"),
                    EndpointText.events(endpoint), "\(EndpointText.secrets(endpoint))", EndpointText.health(endpoint),
                ])
            }
            console.print(table)
        }
    }
}

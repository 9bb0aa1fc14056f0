import ArgumentParser
import JSON

/// Lists deliveries.
struct WebhookDeliveriesCommand: WeirCommand {
    static let configuration = CommandConfiguration(
        commandName: "deliveries", abstract: "List the deliveries to an endpoint, the newest first.",
        discussion: """
            Examples:
              weir webhook deliveries crm
              weir webhook deliveries crm --state failed --limit 100
            """)

    /// The most that intake gives in one answer.
    private static let pageMax = 200
    private static let states = ["ready", "in_progress", "failed", "delivered", "superseded"]

    @Argument(help: "The endpoint's key.") var endpoint: String
    @Option(
        help:
            "Only those in this state (ready, in_progress, failed, delivered, superseded); may be given several times.")
    var state: [String] = []
    @Option(help: "How many, at the most.") var limit = 20
    @OptionGroup var intake: IntakeOptions
    @Flag(help: "Print JSON for programs.") var json = false

    func check() throws {
        guard limit > 0 else { throw ValidationError("--limit takes a number from 1.") }
        for state in state where !Self.states.contains(state) {
            throw ValidationError(
                "'\(state)' is no state of a delivery; take \(Self.states.joined(separator: ", ")).")
        }
    }

    func run(_ context: CommandContext) async throws {
        let console = context.console
        try await IntakeClient.withClient(intake, context) { client in
            var found: [AnswerReader] = []
            var cursor: String?
            repeat {
                let page = try await client.deliveries(
                    to: endpoint, states: state, limit: min(limit - found.count, Self.pageMax), cursor: cursor)
                found += page.list("deliveries")
                cursor = page.optionalString("cursor")
            } while cursor != nil && found.count < limit
            if json { return console.print(JSONValue.array(found.map(\.value)).description) }
            guard !found.isEmpty else { return console.note("There are no such deliveries.") }
            console.print(try DeliveryText.table(found))
            if cursor != nil { console.note("There are older ones: --limit shows more") }
        }
    }
}

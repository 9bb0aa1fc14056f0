import ArgumentParser
import JSON

/// Shows a delivery.
struct WebhookDeliveryCommand: WeirCommand {
    static let configuration = CommandConfiguration(
        commandName: "delivery", abstract: "Show a delivery with all of its attempts and what the endpoint answered.",
        discussion: "Example:\n  weir webhook delivery 0196b1f6-6f0a-7cc3-9d2e-0e8a54a8c1d2")

    @Argument(help: "The delivery's id: the receiver knows it as webhook-id.") var delivery: String
    @OptionGroup var intake: IntakeOptions
    @Flag(help: "Print JSON for programs.") var json = false

    func run(_ context: CommandContext) async throws {
        let console = context.console
        try await IntakeClient.withClient(intake, context) { client in
            let found = try await client.delivery(delivery)
            if json { return console.print(found.value.description) }
            for line in try DeliveryText.lines(found) { console.print(line) }
            let attempts = found.list("history")
            guard !attempts.isEmpty else { return }
            console.print()
            console.print(try DeliveryText.attempts(attempts))
        }
    }
}

import ArgumentParser
import JSON

/// Sends deliveries again.
struct WebhookResendCommand: WeirCommand {
    static let configuration = CommandConfiguration(
        commandName: "resend", abstract: "Send a delivery again, whether it was taken or given up.",
        discussion: """
            The receiver gets the same bytes under the same webhook-id. A delivery that waits for its next attempt is sent now.

            Example:
              weir webhook resend 0196b1f6-6f0a-7cc3-9d2e-0e8a54a8c1d2
            """)

    @Argument(help: "The delivery's id, as 'weir webhook deliveries' and 'weir status' show it.") var delivery: String
    @OptionGroup var intake: IntakeOptions
    @Flag(help: "Print JSON for programs.") var json = false

    func run(_ context: CommandContext) async throws {
        let console = context.console
        try await IntakeClient.withClient(intake, context) { client in
            let found = try await client.resend(delivery)
            if json { return console.print(found.value.description) }
            console.print("The delivery is on its way to \(TerminalText.safe(try found.string("endpoint"))).")
            console.note("weir webhook delivery \(delivery) shows how it goes")
        }
    }
}

import ArgumentParser

/// Where results and other events are posted.
struct WebhookCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "webhook",
        abstract: "Look after webhook endpoints: secrets, tests, deliveries that failed.",
        discussion: """
            Endpoints are declared in a catalogue file; this is about what happens to them.

            Examples:
              weir webhook list
              weir webhook secret create crm
              weir webhook test crm
              weir webhook deliveries crm --state failed
              weir webhook recover crm --since 6h
            """,
        subcommands: [
            WebhookListCommand.self, WebhookShowCommand.self, WebhookSecretCommand.self, WebhookTestCommand.self,
            WebhookEnableCommand.self, WebhookDisableCommand.self, WebhookDeliveriesCommand.self,
            WebhookDeliveryCommand.self, WebhookResendCommand.self, WebhookRecoverCommand.self,
        ])
}

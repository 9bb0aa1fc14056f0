import ArgumentParser

/// Signing secrets of endpoints.
struct WebhookSecretCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "secret",
        abstract: "Make, rotate, list and revoke the secrets that sign an endpoint's deliveries.",
        discussion: """
            A secret is shown once, when it is made; Weir keeps it sealed. While secrets are rotated, deliveries carry a signature \
            of each that signs still.

            Examples:
              weir webhook secret create crm
              weir webhook secret rotate crm --grace 48h
              weir webhook secret list crm
              weir webhook secret revoke crm 0196b1f6-6f0a-7cc3-9d2e-0e8a54a8c1d2
            """,
        subcommands: [
            WebhookSecretCreateCommand.self, WebhookSecretListCommand.self, WebhookSecretRevokeCommand.self,
        ])
}

import ArgumentParser

/// Revokes secrets.
struct WebhookSecretRevokeCommand: WeirCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke", abstract: "Make a secret sign no more, at once.",
        discussion: "Example:\n  weir webhook secret revoke crm 0196b1f6-6f0a-7cc3-9d2e-0e8a54a8c1d2")

    @Argument(help: "The endpoint's key.") var endpoint: String
    @Argument(help: "The secret's id, as 'weir webhook secret list' shows it.") var secret: String
    @OptionGroup var intake: IntakeOptions

    func run(_ context: CommandContext) async throws {
        try await IntakeClient.withClient(intake, context) { client in
            try await client.revokeSecret(secret, of: endpoint)
        }
        context.console.print("The secret signs no more.")
    }
}

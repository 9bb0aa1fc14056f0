import ArgumentParser
import JSON

/// Makes a secret.
struct WebhookSecretCreateCommand: WeirCommand {
    static let configuration = CommandConfiguration(
        commandName: "create", abstract: "Make a secret for an endpoint. It is shown once.",
        discussion: """
            'rotate' is another name for it. Secrets that Weir has made for the endpoint before, of either kind, go on signing until the grace is over, so that the receiver can be \
            changed meanwhile; with --grace 0s they sign no more at once. The secret alone goes to standard output, so that a \
            program can take it; of a key pair (whsk) that is the public key, which is all that the receiver needs.

            Examples:
              weir webhook secret create crm
              weir webhook secret create crm --kind whsk
              CRM_SECRET=$(weir webhook secret rotate crm --grace 48h)
            """,
        aliases: ["rotate"])

    @Argument(help: "The endpoint's key.") var endpoint: String
    @Option(
        help:
            "whsec: a shared secret, signatures v1; whsk: a key pair, signatures v1a. Default: as the newest, else whsec."
    )
    var kind: String?
    @Option(help: "How long the secrets that there are go on signing, such as 30m, 48h or 7d. Default: 24h.")
    var grace: String?
    @OptionGroup var intake: IntakeOptions
    @Flag(help: "Print JSON for programs.") var json = false

    func check() throws {
        if let kind, !["whsec", "whsk"].contains(kind) {
            throw ValidationError("'\(kind)' is no kind of secret; take whsec or whsk.")
        }
    }

    func run(_ context: CommandContext) async throws {
        let console = context.console
        var body = JSONObject()
        body["kind"] = kind.map { .string($0) }
        body["grace"] = grace.map { .string($0) }
        let question = body
        try await IntakeClient.withClient(intake, context) { client in
            let made = try await client.act("secrets", on: endpoint, question)
            if json { return console.print(made.value.description) }
            if let secret = made.optionalString("secret") {
                console.note("A secret for \(endpoint), shown this once; give it to the receiver and to nobody else:")
                console.print(secret)
            } else {
                console.note("The public key that verifies what is signed for \(endpoint):")
                console.print(try made.string("public_key"))
            }
            // The secret is out and cannot be had again: nothing that follows may fail the command.
            guard let id = made.optionalString("id"), let now = try? await client.endpoint(endpoint) else { return }
            for line in EndpointText.stillSigning(now, besides: id) { console.note(line) }
        }
    }
}

import ArgumentParser
import Contracts
import JSON

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Sends again what was given up.
struct WebhookRecoverCommand: WeirCommand {
    static let configuration = CommandConfiguration(
        commandName: "recover", abstract: "Send again what an endpoint did not take in a time.",
        discussion: """
            Takes all deliveries that were given up in that time. They are taken up page by page: if the command is interrupted, \
            what was taken up stays so, and the same command does the rest.

            Examples:
              weir webhook recover crm --since 6h
              weir webhook recover crm --since 2026-11-26T08:00:00Z \\
                --until 2026-11-26T12:00:00Z
            """)

    @Argument(help: "The endpoint's key.") var endpoint: String
    @Option(help: "Given up since then: 30m, 6h, 7d, or a moment such as 2026-11-26T08:00:00Z.") var since: String
    @Option(help: "Given up until then; a moment. Default: now.") var until: String?
    @OptionGroup var intake: IntakeOptions
    @Flag(help: "Print JSON for programs.") var json = false

    func run(_ context: CommandContext) async throws {
        let console = context.console
        let span = try TimeSpan(since: since, until: until, now: Date())
        try await IntakeClient.withClient(intake, context) { client in
            var recovered = 0
            var cursor: String?
            let progress = ProgressLine(console: console)
            defer { progress.finish() }
            repeat {
                var body: JSONObject = ["since": .string(span.since), "until": .string(span.until)]
                body["cursor"] = cursor.map { .string($0) }
                let page = try await client.act("recover", on: endpoint, body)
                recovered += try page.int("recovered")
                cursor = page.optionalString("cursor")
                progress.show("\(Quantity(recovered, "delivery", "deliveries")) taken up again")
            } while cursor != nil
            progress.finish()
            if json {
                return console.print(
                    JSONValue.object(["recovered": .number(JSONNumber(recovered))]).description)
            }
            console.print(
                recovered == 0
                    ? "Nothing was given up in that time."
                    : "\(Quantity(recovered, "delivery", "deliveries")) taken up again.")
        }
    }
}

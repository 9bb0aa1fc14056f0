import ArgumentParser

/// The two other ends of Weir's demo, each a real server: an API to ask, and a receiver of results.
@main
struct WeirSample: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "weir-sample",
        abstract: "A small API to ask and a receiver of webhooks, for the demo, the tests and your first steps.",
        subcommands: [CountriesAPI.self, WebhookReceiver.self]
    )
}

import ArgumentParser
import JSON

/// Tries an endpoint.
struct WebhookTestCommand: WeirCommand {
    static let configuration = CommandConfiguration(
        commandName: "test", abstract: "Send a test event to an endpoint now, and see how it takes it.",
        discussion: """
            The event has the type webhook_endpoint.test and is signed like any other. What is waited for is the first attempt; an \
            event that is not taken is tried again like any other, too, but for an endpoint that answers 410.

            Examples:
              weir webhook test crm
              weir webhook test crm --no-wait --json
            """)

    /// Longer than an attempt may take.
    private static let patience: Duration = .seconds(45)

    @Argument(help: "The endpoint's key.") var endpoint: String
    @Flag(help: "Do not wait for the first attempt.") var noWait = false
    @OptionGroup var intake: IntakeOptions
    @Flag(help: "Print JSON for programs.") var json = false

    func run(_ context: CommandContext) async throws {
        let console = context.console
        try await IntakeClient.withClient(intake, context) { client in
            let sent = try await client.act("test", on: endpoint)
            let id = try sent.string("delivery")
            if noWait {
                return console.print(
                    json ? sent.value.description : "A test event is on its way: weir webhook delivery \(id)")
            }
            let delivery = try await attempted(id, client, console)
            guard let attempt = delivery.list("history").last else {
                throw CommandError(
                    "The test event was not posted within 45 s",
                    details: [delivery.optionalString("reason") ?? ""]
                        .filter { !$0.isEmpty },
                    remedy: "See 'weir webhook delivery \(id)'; is weir-delivery running?")
            }
            let state = try delivery.string("state")
            if json { console.print(delivery.value.description) }
            let status = attempt.value["status"]?.intValue.map { "HTTP \($0)" } ?? "no answer"
            guard state == "delivered" else {
                let reason = TerminalText.safe(attempt.optionalString("reason") ?? status)
                let answer = attempt.optionalString("answer").map { TerminalText.safe($0) }
                throw CommandError(
                    "The endpoint \(endpoint) did not take the test event: \(reason)",
                    details: [answer].compactMap(\.self).filter { !$0.isEmpty },
                    remedy: state == "failed"
                        ? "It is given up; see 'weir webhook show \(endpoint)'"
                        : "It is tried again; see 'weir webhook delivery \(id)'")
            }
            if !json { console.print("\(endpoint) took the test event: \(status), \(DeliveryText.duration(attempt)).") }
        }
    }

    private func attempted(_ id: String, _ client: IntakeClient, _ console: Console) async throws -> AnswerReader {
        let progress = ProgressLine(console: console)
        defer { progress.finish() }
        let deadline = ContinuousClock.now + Self.patience
        var pause: Duration = .milliseconds(50)
        while true {
            // Before the delivery: if its attempt was what the endpoint is left alone for, that is seen below.
            let end = try await client.endpoint(endpoint).value["health"]?["paused_until"]?.stringValue
            let delivery = try await client.delivery(id)
            let state = try delivery.string("state")
            let isOver = ["delivered", "failed", "superseded"].contains(state)
            if isOver || !delivery.list("history").isEmpty || ContinuousClock.now >= deadline { return delivery }
            if state == "ready", let end { throw waits(until: end) }
            progress.show("waiting for the first attempt")
            // Intake tells nobody of attempts by itself.
            try await Task.sleep(for: pause)
            pause = min(pause * 3 / 2, .milliseconds(500))
        }
    }

    /// What waits for an endpoint that is left alone may wait for minutes.
    private func waits(until end: String) -> CommandError {
        CommandError(
            "The test event waits: nothing is posted to \(endpoint) until \(InstantText.second(end))",
            details: ["Most of what was posted to it has failed, or it lacks a secret or a header."],
            remedy: "'weir webhook deliveries \(endpoint)' says why; 'weir webhook enable \(endpoint)' ends the wait")
    }
}

import Catalogue
import Contracts
import JSON
import Store

/// One demo, from the start of its own Weir to the verified webhook.
struct DemoRun: Sendable {
    private static let runsTimeout: Duration = .seconds(180)
    private static let webhookTimeout: Duration = .seconds(60)
    /// Where the services find the secret that examples/countries.yaml names.
    private static let secretVariable = "WEIR_SECRET_" + "DEMO_WEBHOOK"

    let context: CommandContext
    let state: StateDirectory
    let codes: [String]
    let isKept: Bool
    let logs: DemoLogs

    private var console: Console { context.console }
    private var inbox: WebhookInbox { WebhookInbox(path: "\(state.path)/webhooks") }

    /// Runs it and reports.
    ///
    /// - Throws: what went wrong first, naming the part.
    func perform() async throws {
        let secret = WebhookSecret.makeText()
        let preparation = InstancePreparation(context: context, state: state)
        var options = UpOptions(
            state: state, executables: context.executableDirectory, environment: context.environment)
        options.settings = preparation.settings
        options.settings["WEIR_OUTBOUND_ALLOW"] = InstancePreparation.loopbackNetworks
        options.settings[Self.secretVariable] = secret
        options.isEphemeral = !isKept
        console.print(
            console.style.bold(
                "Weir's demo: \(Quantity(codes.count, "country", "countries")), from the request to the signed webhook."
            ))
        let reporter = UpReporter(console: console, logDirectory: state.logDirectory)
        try await UpInstance.withRunning(
            options,
            migrate: { try await preparation.run(databaseURL: $0) },
            onProgress: { progress in
                if progress == .stopping { logs.collect() }
                reporter.report(progress)
            },
            body: { instance in
                let key = try await preparation.apiKey(databaseURL: instance.databaseURL())
                try await withSamples(secret: secret) { samples in
                    try await declare(samples, databaseURL: instance.databaseURL())
                    try await IntakeClient.withClient(url: instance.running.url, apiKey: key.text) { client in
                        try await enrich(client, samples: samples)
                    }
                }
            })
        DemoReport(context: context).suggest(keptIn: isKept ? state : nil)
    }

    /// Lends the API and the receiver.
    private func withSamples(secret: String, _ body: (DemoSamples) async throws -> Void) async throws {
        console.note("· starting an API that serves countries, and a receiver of webhooks")
        let environment = context.environment.merging([Self.secretVariable: secret]) { $1 }
        let api = try await SampleProcess.start(
            "countries-api", arguments: ["--iso-file", CountryCodes.file], executables: context.executableDirectory,
            environment: environment, logDirectory: state.logDirectory)
        do {
            let receiver = try await SampleProcess.start(
                "webhook-receiver", arguments: ["--secret-env", Self.secretVariable, "--output", inbox.path],
                executables: context.executableDirectory, environment: environment, logDirectory: state.logDirectory)
            do {
                try await body(DemoSamples(api: api, receiver: receiver))
            } catch {
                await receiver.stop()
                throw error
            }
            await receiver.stop()
        } catch {
            await api.stop()
            throw error
        }
        await api.stop()
    }

    /// Applies the demo's catalogue with the samples' addresses.
    private func declare(_ samples: DemoSamples, databaseURL: String) async throws {
        console.note("· applying examples/countries.yaml")
        let text = try CatalogueFile.read(
            try ExampleFile.locate("countries.yaml", context), shownAs: "examples/countries.yaml")
        let definition = try CatalogueFile.definition(
            text, shownAs: "examples/countries.yaml",
            overrides: [
                CatalogueOverride(path: "sources.iso_countries.base_url", value: samples.api.url),
                CatalogueOverride(
                    path: "webhook_endpoints.demo_receiver.url", value: samples.receiver.url + "/webhooks"),
            ])
        _ = try await context.withDatabase(url: databaseURL) { pool in
            try await CatalogueApplication(store: CatalogueStore(pool: pool)).apply(definition)
        }
    }

    /// Submits, follows, waits for the webhook, reports.
    private func enrich(_ client: IntakeClient, samples: DemoSamples) async throws {
        console.note("· submitting \(Quantity(codes.count, "country", "countries"))")
        let startedAt = ContinuousClock.now
        let accepted = try await client.submit(activity: "enrich_countries", objects: codes, idempotencyKey: nil)
        let overview = try await RequestFollower(client: client, console: console).follow(
            accepted.id, timeout: Self.runsTimeout)
        guard overview.isFinished else { throw Self.stuck(overview) }
        guard overview.isSuccessful, overview.runs.done == codes.count else {
            throw CommandError(
                "Only \(overview.runs.done) of \(Quantity(codes.count, "country", "countries")) enriched; the request is \(overview.state)",
                details: OverviewText.outcomes(overview).lines())
        }
        let message = try await webhook(about: accepted.id, client, samples.receiver)
        let took = ContinuousClock.now - startedAt
        let lines = try await delivered(message.body, client, request: accepted.id)
        guard lines.count == codes.count else {
            throw CommandError("The webhook brought \(Quantity(lines.count, "object")) instead of \(codes.count)")
        }
        // The attempt is recorded when its answer has come back, a moment after the receiver has written the body.
        _ = try await RequestFollower(client: client, console: console).follow(
            accepted.id, timeout: Self.webhookTimeout
        ) { $0.state == "delivered" }
        let report = DemoReport(context: context)
        report.results(lines, webhookID: message.id, took: took)
        report.timeline(try await client.timeline(of: accepted.id))
    }

    /// Which service a request waits for, as far as it shows.
    private static func stuck(_ overview: RequestOverview) -> CommandError {
        let service =
            if overview.objectsExpanded < overview.objectsTotal {
                "weir-intake, which makes the runs"
            } else if overview.runs.open > 0 {
                "weir-executor, which asks the API, or weir-processor, which reads its answers"
            } else {
                "weir-processor, which puts the result together"
            }
        return CommandError(
            "The request is still \(overview.state) after \(runsTimeout): it waits for \(service)",
            details: OverviewText.outcomes(overview).lines())
    }

    /// Waits for the body that the receiver writes once it has verified the signature.
    private func webhook(
        about request: String, _ client: IntakeClient, _ receiver: SampleProcess
    ) async throws -> (id: String, body: JSONValue) {
        let progress = ProgressLine(console: console)
        defer { progress.finish() }
        let deadline = ContinuousClock.now + Self.webhookTimeout
        while true {
            if let message = try inbox.message(about: request) { return message }
            guard receiver.isRunning else { throw CommandError("webhook-receiver ended before the webhook came") }
            guard ContinuousClock.now < deadline else {
                let timeline = try await client.timeline(of: request)
                throw CommandError(
                    "No webhook with a good signature came from weir-delivery within \(Self.webhookTimeout)",
                    details: TimelineText.table(timeline).lines())
            }
            progress.show("waiting for the signed webhook")
            // The receiver is another process, which tells of a webhook by a file.
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    /// The objects of a webhook: inline, or behind its link.
    private func delivered(_ body: JSONValue, _ client: IntakeClient, request: String) async throws -> [ResultLine] {
        if let objects = body["data"]?["objects"]?.arrayValue { return try objects.map(ResultLine.init) }
        return try ResultLine.parse(try await client.result(of: request, format: "ndjson"))
    }
}

/// The demo's two servers.
struct DemoSamples: Sendable {
    let api: SampleProcess
    let receiver: SampleProcess
}

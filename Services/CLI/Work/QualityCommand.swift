import ArgumentParser
import JSON

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Shows how good data is.
struct QualityCommand: WeirCommand {
    static let configuration = CommandConfiguration(
        commandName: "quality",
        abstract: "Show how good the data of a request or a source is, and what to do about it.",
        discussion: """
            Shows for how many objects each datapoint has a value, which values could not be converted or contradict each other, \
            which answers gave nothing, and which runs ended without success.

            Examples:
              weir quality 0196b1f6-6f0a-7cc3-9d2e-0e8a54a8c1d2
              weir quality --source registry
              weir quality --source registry --since 24h --json
            """)

    @Argument(help: "The request's id, as 'weir submit' prints it.") var request: String?
    @Option(help: "The key of a source instead: its runs of all requests.") var source: String?
    @Option(
        help:
            "With --source: runs made since then: 30m, 24h, 7d, or a moment such as 2026-11-26T08:00:00Z. Default: 7d.")
    var since: String?
    @OptionGroup var intake: IntakeOptions
    @Flag(help: "Print JSON for programs.") var json = false

    func check() throws {
        guard (request == nil) != (source == nil) else {
            throw ValidationError("Say of what: a request's id, or --source with the key of a source.")
        }
        if since != nil, source == nil { throw ValidationError("--since goes with --source.") }
        if let source {
            let isPlain = source.utf8.allSatisfy {
                $0 == UInt8(ascii: "_") || 0x30...0x39 ~= $0 || 0x61...0x7A ~= $0
            }
            guard isPlain, !source.isEmpty else {
                throw ValidationError("'\(TerminalText.safe(source))' is no key of a source.")
            }
        }
    }

    func run(_ context: CommandContext) async throws {
        let console = context.console
        let span = try TimeSpan(since: since ?? "7d", until: nil, now: Date())
        try await IntakeClient.withClient(intake, context) { client in
            let overview: QualityOverview
            let subject: String
            if let source {
                overview = try await client.quality(ofSource: source, since: span.since)
                subject = "source \(source), since \(InstantText.minute(span.since))"
            } else {
                let request = request ?? ""
                overview = try await client.quality(of: request)
                subject = "request \(request)"
            }
            if json { return console.print(overview.json.description) }
            QualityText.print(overview, of: subject, to: console)
        }
    }
}

import ArgumentParser
import Contracts
import JSON
import Messaging

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Watches the bus.
struct TailCommand: WeirCommand {
    static let configuration = CommandConfiguration(
        commandName: "tail",
        abstract: "Watch what goes over the bus, until Ctrl-C.",
        discussion: """
            For each message: when it was said, its type, what it is about (the key that hints are merged by), who said it, and the \
            trace of the request that it is about, if that has one. With --json the whole CloudEvent stands under "event". Commands \
            appear without their data, and reports of how services are doing (weir top) only with --type dev.weir.service. A feed that is watched too slowly leaves messages out and says how many. When the bus goes away, and when it is back, \
            standard error says so.

            Examples:
              weir tail
              weir tail --type dev.weir.run
              weir tail --json --count 10
            """)

    @Option(help: ArgumentHelp("Only types that begin so.", valueName: "prefix")) var type = ""
    @Option(help: "End after so many messages.") var count: Int?
    @OptionGroup var bus: BusOptions
    @Flag(help: "Print one JSON object per line.") var json = false

    func check() throws {
        if let count, count < 1 { throw ValidationError("--count takes a number from 1.") }
    }

    func run(_ context: CommandContext) async throws {
        let console = context.console
        _ = try await Interruption.untilSignal {
            try await context.withBus(bus) { client in
                let messages = try client.observe(topicPrefixes: [type])
                // Says at once when there is no bus, instead of waiting for messages that cannot come.
                try await client.ping(timeout: .seconds(5))
                let watching = Task { await BusWatch(client: client, console: console).run() }
                defer { watching.cancel() }
                if !json { console.note("watching\(type.isEmpty ? "" : " \(type)…"); Ctrl-C ends it") }
                var table = ObservationTable(style: console.style)
                if !json { console.print(table.head) }
                var seen = 0
                for await message in messages {
                    // About seven a second, for whoever asks for them.
                    if type.isEmpty, message.topic == Topic.serviceReported { continue }
                    console.print(
                        json
                            ? ObservationText.json(message)
                            : table.line(message, seenAt: Int64(Date.now.timeIntervalSince1970 * 1_000_000)))
                    seen += 1
                    if seen == count { return }
                }
            }
        }
    }
}

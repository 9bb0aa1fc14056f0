import ArgumentParser
import JSON
import Messaging

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Sends events over the bus.
struct PublishCommand: WeirCommand {
    static let configuration = CommandConfiguration(
        commandName: "publish",
        abstract: "Send an event over the bus: a command, or a hint.",
        discussion: """
            The type dev.weir.activity.requested.v1 is a command: it carries your API key, is carried out once for each id, and is \
            answered after the commit. All other types are hints; they name work and carry none. A type that no service hears, and \
            a key or data that do not fit the type, are refused before anything is sent; --unchecked sends them all the same. The \
            event's id is printed: 'weir tail' shows it, and a command that is sent again with it (--id) is carried out once.

            Examples:
              weir publish dev.weir.activity.requested.v1 --wait \\
                --data '{"activity":"enrich_countries","objects":["NO","AX"]}'
              weir publish dev.weir.answer.recorded.v1 --key answers --data '{}'
              echo '{}' | weir publish dev.example.tested.v1 --unchecked --count 10000 --rate 2000 -
            """)

    @Argument(help: "The event's type, which is the topic.") var type: String
    @Argument(help: "A dash reads the data from standard input.") var dash: String?
    @Option(help: "The event's data, as JSON.") var data: String?
    @Option(help: ArgumentHelp("A file with the event's data, as JSON.", valueName: "path")) var file: String?
    @Option(help: "What hints of a type are merged by. For a command: its activity, unless you say otherwise.") var key:
        String?
    @Option(help: "The event's id; a command with the same id is carried out once. Default: a new one.") var id: String?
    @Flag(help: "Send it whatever its type, its key and its data are.") var unchecked = false
    @Flag(help: "For a command, print the reply; for hints, wait until the bus has them all.") var wait = false
    @Option(help: "How many events to send.") var count = 1
    @Option(help: "The most events per second. Default: as fast as the bus takes them.") var rate: Double?
    @OptionGroup var bus: BusOptions
    @Option(help: "The key of your organization, for commands. Default: WEIR_API_KEY, then that of 'weir up'.")
    var apiKey: String?
    @Flag(help: "Print JSON for programs.") var json = false

    func check() throws {
        guard [data != nil, file != nil, dash != nil].count(where: \.self) == 1 else {
            throw ValidationError("Say what the event holds: --data JSON, --file PATH, or - for standard input.")
        }
        if let dash, dash != "-" {
            throw ValidationError("Unexpected argument '\(dash)'; data come by --data, --file or -.")
        }
        guard (1...10_000_000).contains(count) else { throw ValidationError("--count takes 1 to 10000000.") }
        if let rate, !(rate > 0 && rate <= 10_000_000) {
            throw ValidationError("--rate takes a number of events per second above 0.")
        }
    }

    func run(_ context: CommandContext) async throws {
        if !unchecked { try EventCheck.check(type: type) }
        let payload = try payload(context)
        let isCommand = BusTopic.isCommand(type)
        var intake = IntakeOptions()
        intake.apiKey = apiKey
        let key = key ?? (isCommand ? (payload["activity"] ?? payload["workflow"])?.stringValue ?? "" : "")
        if !unchecked { try EventCheck.check(type: type, key: key, data: payload) }
        let source = EventSource(
            type: type, subject: isCommand || key.isEmpty ? nil : key,
            // A hint of {} is one without data.
            data: isCommand || payload.objectValue?.isEmpty != true ? payload.encoded() : [],
            apiKey: isCommand ? try context.apiKey(intake) : nil,
            id: id ?? UUID().uuidString.lowercased(), isSeveral: count > 1)
        let publication = Publication(
            source: source, key: key, count: count, rate: rate, console: context.console)
        try await context.withBus(bus) { client in
            guard isCommand else {
                let text = try await publication.sendHints(client, waits: wait)
                if json {
                    context.console.print(
                        JSONValue.object(["event_id": .string(source.id), "count": .number(JSONNumber(count))])
                            .description)
                } else {
                    printIDs(of: source, context.console)
                }
                return context.console.note(text)
            }
            let replies = try await publication.sendCommands(client)
            try report(replies, of: source, context.console)
        }
    }

    private func printIDs(of source: EventSource, _ console: Console) {
        if count == 1 { return console.print(source.id) }
        console.note("the events' ids are \(source.eventID(0)) to \(source.eventID(count - 1))")
    }

    private func report(_ replies: CommandReplies, of source: EventSource, _ console: Console) throws {
        for (event, body) in replies.accepted where wait || json {
            guard json, case .object(var reply)? = try? JSONValue(parsing: body) else {
                console.print(String(decoding: body, as: UTF8.self))
                continue
            }
            reply["event_id"] = .string(event)
            console.print(JSONValue.object(reply).description)
        }
        if !wait, !json, !replies.accepted.isEmpty { printIDs(of: source, console) }
        if !replies.accepted.isEmpty { console.note("\(replies.acceptedCount) accepted") }
        guard let first = replies.rejected.first else { return }
        let isOne = count == 1
        throw CommandError(
            isOne
                ? "The command was rejected"
                : "\(replies.rejected.count) of \(count) commands \(replies.rejected.count == 1 ? "was" : "were") rejected; the first one's reason",
            details: ProblemAnswer.rejectionLines(code: first.code, reason: first.reason))
    }

    private func payload(_ context: CommandContext) throws -> JSONValue {
        if let data { return try EventSource.data(Array(data.utf8), place: "--data") }
        if let file {
            guard let contents = FileManager.default.contents(atPath: context.path(file)) else {
                throw CommandError.unreadable(context.path(file), shownAs: file)
            }
            return try EventSource.data([UInt8](contents), place: file)
        }
        return try EventSource.data(StandardInput.readAll(bytesMax: BusLimits.bodyBytesMax), place: "Standard input")
    }
}

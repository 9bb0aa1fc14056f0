import ArgumentParser
import Contracts

/// Fetches a result.
struct ResultCommand: WeirCommand {
    static let configuration = CommandConfiguration(
        commandName: "result",
        abstract: "Fetch the values that a finished request found.",
        discussion: """
            Values that are absent stay absent: a dash in the table, nothing in CSV. A failed object says why in the \
            column 'error'; what is not quite right about another stands in 'note'.

            When the connection breaks, the download goes on where it ended. With --output it does so too when the command \
            is run again: until the file is whole, it stands beside its place with '.part' at the end of its name.

            Examples:
              weir result 0196b1f6-6f0a-7cc3-9d2e-0e8a54a8c1d2
              weir result 0196b1f6-6f0a-7cc3-9d2e-0e8a54a8c1d2 --format csv > all.csv
              weir result 0196b1f6-6f0a-7cc3-9d2e-0e8a54a8c1d2 \\
                --format ndjson --output countries.ndjson
              weir result 0196b1f6-6f0a-7cc3-9d2e-0e8a54a8c1d2 --format json --provenance
            """)

    @Argument(help: "The request's id, as 'weir submit' prints it.") var request: String
    @Option(help: "How to write it: \(ResultFormat.allNames).") var format = ResultFormat.table
    @Option(help: "The most objects that a table shows; 0 for all.") var limit = 50
    @Flag(help: "Say of each value from which source and run it is, and of when; with --format json or ndjson.")
    var provenance = false
    @Option(
        help: "The file to write it to, instead of the terminal; an unfinished one is completed.",
        completion: .file()) var output: String?
    @OptionGroup var intake: IntakeOptions

    func check() throws {
        if limit < 0 { throw ValidationError("--limit takes 0 (all) or a number of objects.") }
        if provenance, format != .json, format != .ndjson {
            throw ValidationError(
                "--provenance goes with --format json or --format ndjson; the others have no place for it.")
        }
        if output?.isEmpty == true { throw ValidationError("--output takes the path of a file.") }
    }

    func run(_ context: CommandContext) async throws {
        let progress = ProgressLine(console: context.console)
        defer { progress.finish() }
        try await IntakeClient.withClient(intake, context) { client in
            if let output {
                try await write(to: context.path(output), from: client, context.console, progress)
            } else {
                try await write(from: client, context.console, progress)
            }
        }
    }

    /// To standard output, as it comes.
    private func write(from client: IntakeClient, _ console: Console, _ progress: ProgressLine) async throws {
        var download = ResultDownload(request, from: client, isWithProvenance: provenance, progress: progress)
        // The bar may stand on the terminal that the result is for.
        func write(_ bytes: [UInt8]) {
            progress.finish()
            console.write(bytes)
        }
        switch format {
        case .ndjson: try await download.forEachPart(write)
        case .json:
            // Whatever is wrong is found before the first part is there.
            var part = try await download.next()
            write(jsonBeginning)
            var elements = ResultElements()
            while let lines = part {
                write(elements.next(lines))
                part = try await download.next()
            }
            write(Self.jsonEnd)
        case .csv: write(ResultTable(try ResultLine.parse(try await download.rest())).csv())
        case .table:
            let lines = try ResultLine.parse(try await download.rest())
            let shown = limit == 0 ? lines[...] : lines.prefix(limit)
            progress.finish()
            console.print(ResultTable(Array(shown)).table())
            if shown.count < lines.count {
                console.note("… and \(lines.count - shown.count) more: --limit 0, or --format ndjson")
            }
        }
    }

    /// To a file: all lines first, which takes long, then what the format makes of them.
    private func write(
        to path: String, from client: IntakeClient, _ console: Console, _ progress: ProgressLine
    ) async throws {
        let first = try await client.resultPart(of: request, at: 0, bytesMax: 1, tag: nil)
        let file = try ResultFile(path, tag: first.tag + (provenance ? "-provenance" : ""))
        // Lines with provenance have no places at which one could go on.
        if provenance || file.size > first.total { try file.clear() }
        if file.size > 0 { console.note("going on after \(ResultDownload.size(file.size)) that are here already") }
        var download = ResultDownload(
            request, from: client, isWithProvenance: provenance,
            start: provenance ? nil : (bytes: file.size, tag: first.tag, total: first.total), progress: progress)
        try await download.forEachPart { try file.append($0) }
        switch format {
        case .ndjson: try file.finish()
        case .json:
            try file.finish { read, write in
                try write(jsonBeginning)
                var elements = ResultElements()
                while case let lines = try read(), !lines.isEmpty { try write(elements.next(lines)) }
                try write(Self.jsonEnd)
            }
        case .csv, .table:
            try file.finish { read, write in
                var bytes: [UInt8] = []
                while case let part = try read(), !part.isEmpty { bytes += part }
                let table = ResultTable(try ResultLine.parse(bytes))
                try write(
                    format == .csv ? table.csv() : Array("\(table.table().lines().joined(separator: "\n"))\n".utf8))
            }
        }
        progress.finish()
        console.note("wrote \(path)")
    }

    private var jsonBeginning: [UInt8] {
        let id = ActivityRequestID(request).map { "\($0)" } ?? request
        return Array("{\"id\":\"\(id)\",\"objects\":[".utf8)
    }

    private static let jsonEnd = Array("]}\n".utf8)
}

/// How a result is written.
enum ResultFormat: String, ExpressibleByArgument, CaseIterable {
    case table
    case json
    case ndjson
    case csv

    static let allNames = allCases.map(\.rawValue).joined(separator: ", ")
}

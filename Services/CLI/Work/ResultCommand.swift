import ArgumentParser

/// Fetches a result.
struct ResultCommand: WeirCommand {
    static let configuration = CommandConfiguration(
        commandName: "result",
        abstract: "Fetch the values that a finished request found.",
        discussion: """
            Values that are absent stay absent: a dash in the table, nothing in CSV. A failed object says why in the \
            column 'error'; what is not quite right about another stands in 'note'.

            Examples:
              weir result 0196b1f6-6f0a-7cc3-9d2e-0e8a54a8c1d2
              weir result 0196b1f6-6f0a-7cc3-9d2e-0e8a54a8c1d2 --format csv > countries.csv
            """)

    @Argument(help: "The request's id, as 'weir submit' prints it.") var request: String
    @Option(help: "How to write it: \(ResultFormat.allNames).") var format = ResultFormat.table
    @Option(help: "The most objects that a table shows; 0 for all.") var limit = 50
    @OptionGroup var intake: IntakeOptions

    func check() throws {
        if limit < 0 { throw ValidationError("--limit takes 0 (all) or a number of objects.") }
    }

    func run(_ context: CommandContext) async throws {
        let console = context.console
        try await IntakeClient.withClient(intake, context) { client in
            switch format {
            case .json, .ndjson:
                let bytes = try await client.result(of: request, format: format.rawValue)
                console.write(bytes)
                let newline = UInt8(ascii: "\n")
                if let last = bytes.last, last != newline { console.write([newline]) }
            case .csv: console.write(ResultTable(try await lines(client)).csv())
            case .table:
                let lines = try await lines(client)
                let shown = limit == 0 ? lines[...] : lines.prefix(limit)
                console.print(ResultTable(Array(shown)).table())
                if shown.count < lines.count {
                    console.note("… and \(lines.count - shown.count) more: --limit 0, or --format ndjson")
                }
            }
        }
    }

    private func lines(_ client: IntakeClient) async throws -> [ResultLine] {
        try ResultLine.parse(try await client.result(of: request, format: "ndjson"))
    }
}

/// How a result is written.
enum ResultFormat: String, ExpressibleByArgument, CaseIterable {
    case table
    case json
    case ndjson
    case csv

    static let allNames = allCases.map(\.rawValue).joined(separator: ", ")
}

import JSON

/// A result with one column per datapoint.
struct ResultTable {
    /// What stands for a value that is not there.
    static let absent = "–"

    private let lines: [ResultLine]
    private let columns: [String]
    /// The columns behind the values, of those that any line has.
    private let remarks: [(title: String, of: @Sendable (ResultLine) -> String?)]

    /// - Parameter columns: the datapoints to show, in this order; nil for all, in the order in which they appear.
    init(_ lines: [ResultLine], columns: [String]? = nil) {
        self.lines = lines
        var seen: Set<String> = []
        self.columns = columns ?? lines.flatMap(\.values.keys).filter { seen.insert($0).inserted }
        let known: [(title: String, of: @Sendable (ResultLine) -> String?)] = [
            ("qualified", \.qualified), ("note", \.note), ("error", \.error),
        ]
        remarks = known.filter { remark in lines.contains { remark.of($0) != nil } }
    }

    /// For people.
    func table() -> TextTable {
        var table = TextTable(titles.map { TextTable.Column(title: $0) })
        for line in lines {
            let cells = columns.map { line.values[$0].map(Self.text) ?? Self.absent }
            table.add([line.object] + cells + remarks.map { $0.of(line) ?? "" })
        }
        return table
    }

    /// Comma-separated values (RFC 4180) with a heading.
    func csv() -> [UInt8] {
        var text = Self.record(titles)
        for line in lines {
            let cells = columns.map { line.values[$0].map(Self.text) ?? "" }
            text += Self.record([line.object] + cells + remarks.map { $0.of(line) ?? "" })
        }
        return Array(text.utf8)
    }

    private var titles: [String] { ["object"] + columns + remarks.map(\.title) }

    private static func text(_ value: JSONValue) -> String { value.stringValue ?? value.description }

    private static func record(_ fields: [String]) -> String {
        fields.map(quoted).joined(separator: ",") + "\r\n"
    }

    private static func quoted(_ field: String) -> String {
        let needsQuotes = field.utf8.contains { byte in
            byte == UInt8(ascii: ",") || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\n")
                || byte == UInt8(ascii: "\r")
        }
        guard needsQuotes else { return field }
        return "\"" + field.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
    }
}

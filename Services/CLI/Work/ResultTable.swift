import JSON

/// A result with one column per datapoint.
struct ResultTable {
    /// What stands for a value that is not there.
    static let absent = "–"

    private let lines: [ResultLine]
    private let columns: [String]
    private let hasErrors: Bool

    /// - Parameter columns: the datapoints to show, in this order; nil for all, in the order in which they appear.
    init(_ lines: [ResultLine], columns: [String]? = nil) {
        self.lines = lines
        var known: Set<String> = []
        self.columns = columns ?? lines.flatMap(\.values.keys).filter { known.insert($0).inserted }
        hasErrors = lines.contains { $0.error != nil }
    }

    /// For people.
    func table() -> TextTable {
        var table = TextTable((["object"] + columns + (hasErrors ? ["error"] : [])).map { TextTable.Column(title: $0) })
        for line in lines {
            let cells = columns.map { line.values[$0].map(Self.text) ?? Self.absent }
            table.add([line.object] + cells + (hasErrors ? [line.error ?? ""] : []))
        }
        return table
    }

    /// Comma-separated values (RFC 4180) with a heading.
    func csv() -> [UInt8] {
        var text = Self.record(["object"] + columns + (hasErrors ? ["error"] : []))
        for line in lines {
            let cells = columns.map { line.values[$0].map(Self.text) ?? "" }
            text += Self.record([line.object] + cells + (hasErrors ? [line.error ?? ""] : []))
        }
        return Array(text.utf8)
    }

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

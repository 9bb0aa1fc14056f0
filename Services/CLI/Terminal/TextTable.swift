/// A table for people: columns as wide as they need to be, cut where the terminal ends.
struct TextTable: Sendable {
    /// A column's heading and the side on which its cells stand.
    struct Column: Sendable {
        let title: String
        var isRight = false
    }

    /// No column gets narrower than this.
    private static let narrowest = 8
    private static let gap = "  "

    let columns: [Column]
    private(set) var rows: [[String]] = []

    init(_ columns: [Column]) {
        self.columns = columns
    }

    /// A table with cells on the left; a title that begins with `>` puts its column to the right.
    init(_ titles: String...) {
        self.init(
            titles.map { title in
                title.hasPrefix(">") ? Column(title: String(title.dropFirst()), isRight: true) : Column(title: title)
            })
    }

    /// Adds a row; missing cells are empty, and what a terminal would obey is taken out.
    mutating func add(_ cells: [String]) {
        precondition(cells.count <= columns.count, "A row has at most \(columns.count) cells.")
        let padding = Array(repeating: "", count: columns.count - cells.count)
        rows.append(cells.map(TerminalText.safe) + padding)
    }

    /// The lines, without blanks at their ends.
    func lines(width: Int = .max, style: TextStyle = .plain) -> [String] {
        let widths = columnWidths(within: width)
        let titles = zip(columns, widths).map { fit($0.title.uppercased(), $1, isRight: $0.isRight) }
        let head = style.bold(Self.trimmed(titles.joined(separator: Self.gap)))
        return [head]
            + rows.map { row in
                let cells = zip(zip(row, columns), widths).map { fit($0.0, $1, isRight: $0.1.isRight) }
                return Self.trimmed(cells.joined(separator: Self.gap))
            }
    }

    private func columnWidths(within width: Int) -> [Int] {
        var widths = columns.indices.map { index in
            rows.map { DisplayWidth.of($0[index]) }.max().map { max($0, DisplayWidth.of(columns[index].title)) }
                ?? DisplayWidth.of(columns[index].title)
        }
        guard width < .max else { return widths }
        let available = width - Self.gap.count * (columns.count - 1)
        // The widest gives first; numbers stand on the right and are left whole.
        while widths.reduce(0, +) > available {
            let candidates = widths.indices.filter { !columns[$0].isRight && widths[$0] > Self.narrowest }
            guard let widest = candidates.max(by: { widths[$0] < widths[$1] }) else { break }
            widths[widest] -= 1
        }
        return widths
    }

    private func fit(_ text: String, _ width: Int, isRight: Bool) -> String {
        TerminalText.padded(TerminalText.truncated(text, width: width), width: width, isRight: isRight)
    }

    private static func trimmed(_ line: String) -> String {
        var line = line
        while line.last == " " { line.removeLast() }
        return line
    }
}

extension Console {
    /// Writes a table.
    func print(_ table: TextTable) {
        for line in table.lines(width: width, style: style) { print(line) }
    }
}

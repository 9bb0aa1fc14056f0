/// A table for people: columns as wide as they need to be, cut where the terminal ends. Where they cannot be cut enough to stand side by
/// side, each row goes over several lines.
struct TextTable: Sendable {
    /// A column's heading, the side on which its cells stand, and what becomes of them where the terminal is too narrow.
    struct Column: Sendable {
        enum Fit {
            case cut
            case whole
            /// Each cell goes below its row, wrapped; for the last column only.
            case below
        }

        let title: String
        var isRight = false
        var fit = Fit.cut

        static func left(_ title: String) -> Column { Column(title: title) }
        static func right(_ title: String) -> Column { Column(title: title, isRight: true, fit: .whole) }
        static func whole(_ title: String) -> Column { Column(title: title, fit: .whole) }
        static func below(_ title: String) -> Column { Column(title: title, fit: .below) }
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
            titles.map { title in title.hasPrefix(">") ? .right(String(title.dropFirst())) : .left(title) })
    }

    /// Adds a row; missing cells are empty, and what a terminal would obey is taken out.
    mutating func add(_ cells: [String]) {
        precondition(cells.count <= columns.count, "A row has at most \(columns.count) cells.")
        let padding = Array(repeating: "", count: columns.count - cells.count)
        rows.append(cells.map(TerminalText.safe) + padding)
    }

    /// The lines, without blanks at their ends.
    func lines(width: Int = .max, style: TextStyle = .plain) -> [String] {
        var widths = columns.indices.map { index in
            rows.reduce(DisplayWidth.of(columns[index].title)) { max($0, DisplayWidth.of($1[index])) }
        }
        let isBelow = columns.last?.fit == .below && Self.total(widths) > width
        if isBelow { widths.removeLast() }
        let whole = widths
        narrow(&widths, to: width)
        if Self.total(widths) > width {
            let widest = max(width - Self.gap.count, Self.narrowest)
            widths = zip(columns, whole).map { $0.fit == .whole ? $1 : min($1, widest) }
        }
        let groups = Self.groups(widths, within: width)
        var lines = self.lines(columns.map { $0.title.uppercased() }, widths, groups).map(style.bold)
        let indentation = isBelow ? indentationBelow(widths) : 0
        for row in rows {
            lines += self.lines(row, widths, groups)
            guard isBelow, let text = row.last, !text.isEmpty else { continue }
            lines += TerminalText.wrapped(text, width: width - indentation)
                .map { String(repeating: " ", count: indentation) + style.faint($0) }
        }
        return lines
    }

    /// The columns that stand on one line each: all of them where they fit, else as many as do, those after the first line a little to
    /// the right of it.
    private static func groups(_ widths: [Int], within width: Int) -> [Range<Int>] {
        var groups: [Range<Int>] = []
        var start = 0
        while start < widths.count {
            let room = groups.isEmpty ? width : width - gap.count
            var end = start + 1
            while end < widths.count, total(Array(widths[start...end])) <= room { end += 1 }
            groups.append(start..<end)
            start = end
        }
        return groups
    }

    /// One row; lines that have nothing to say are left out, but for the first.
    private func lines(_ cells: [String], _ widths: [Int], _ groups: [Range<Int>]) -> [String] {
        groups.enumerated().compactMap { number, group in
            let fitted = group.map { fit(cells[$0], widths[$0], isRight: columns[$0].isRight) }
            let line = Self.trimmed((number == 0 ? "" : Self.gap) + fitted.joined(separator: Self.gap))
            return line.isEmpty && number > 0 ? nil : line
        }
    }

    /// Below the first column of words, and a little to the right of it.
    private func indentationBelow(_ widths: [Int]) -> Int {
        let numbers = zip(columns, widths).prefix { $0.0.isRight }.map(\.1)
        return numbers.reduce(0) { $0 + $1 + Self.gap.count } + Self.gap.count
    }

    private static func total(_ widths: [Int]) -> Int {
        widths.reduce(0, +) + gap.count * (widths.count - 1)
    }

    /// The widest gives first; what must stay whole does.
    private func narrow(_ widths: inout [Int], to width: Int) {
        while Self.total(widths) > width {
            let candidates = widths.indices.filter { columns[$0].fit != .whole && widths[$0] > Self.narrowest }
            guard let widest = candidates.max(by: { widths[$0] < widths[$1] }) else { break }
            widths[widest] -= 1
        }
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
    /// A paragraph in lines that fit the terminal, those after the first with blanks before them.
    func wrapped(_ text: String, indentation: Int = 0) -> [String] {
        let lines = TerminalText.wrapped(text, width: width - indentation)
        return lines.prefix(1) + lines.dropFirst().map { String(repeating: " ", count: indentation) + $0 }
    }

    /// Writes a table.
    func print(_ table: TextTable) {
        for line in table.lines(width: width, style: style) { print(line) }
    }
}

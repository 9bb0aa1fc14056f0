import Contracts

/// Objects' names from a file, and what they were taken for.
struct FoundObjects: Sendable, Equatable {
    /// How many names are shown.
    private static let shownMax = 3

    let names: [String]
    /// Where they stood: `column 'name' of firms.csv, whose first line is a heading`.
    let place: String

    /// What was taken, for the person who gave the file.
    var summary: String {
        let shown = names.prefix(Self.shownMax).joined(separator: ", ") + (names.count > Self.shownMax ? ", …" : "")
        return TerminalText.safe("took \(Quantity(names.count, "object")) from \(place): \(shown)")
    }
}

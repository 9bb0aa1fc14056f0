import Contracts

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The objects that a submit names, from its options or a file.
enum ObjectList {
    /// The largest file, in bytes: intake takes no larger body.
    static let fileBytesMax = 48 << 20

    /// The names in a list such as `DE,FR`; blanks around them do not count.
    static func parse(list: String) throws(CommandError) -> [String] {
        let names = list.split(separator: ",", omittingEmptySubsequences: false).map { trimmed(String($0)) }
        guard !names.contains("") else {
            throw .usage(
                "--objects has an empty name: '\(TerminalText.safe(list))'", remedy: "Write them as --objects DE,FR,NO")
        }
        return names
    }

    /// The names in a file.
    ///
    /// - Parameters:
    ///   - path: a file whose name ends in .csv, .ndjson or .jsonl.
    ///   - column: the column or member that holds the names; nil for the usual one.
    ///   - hasHeader: whether the first line of a CSV file is a heading; nil when the caller does not say.
    static func read(
        _ path: String, shownAs name: String, column: String?, hasHeader: Bool?
    ) throws(CommandError) -> FoundObjects {
        let format = try FileFormat(fileName: name)
        if format == .ndjson, hasHeader != nil {
            throw .usage(
                "\(name) has JSON on each line and no heading", remedy: "--header and --no-header are for CSV")
        }
        guard let data = FileManager.default.contents(atPath: path) else {
            throw .unreadable(path, shownAs: name)
        }
        guard data.count <= fileBytesMax else {
            throw CommandError(
                "\(name) has \(Quantity(data.count, "byte")); at most \(fileBytesMax) are taken", remedy: "Split it")
        }
        let found =
            switch format {
            case .csv: try CSVObjects.parse([UInt8](data), file: name, column: column, hasHeader: hasHeader)
            case .ndjson:
                FoundObjects(names: try NDJSONObjects.parse([UInt8](data), file: name, member: column), place: name)
            }
        guard !found.names.isEmpty else {
            throw CommandError("\(name) names no object", remedy: "Give one object per line")
        }
        return found
    }

    /// A text without blanks at its ends.
    static func trimmed(_ text: String) -> String {
        let isBlank: (Character) -> Bool = { $0 == " " || $0 == "\t" }
        return String(text.drop(while: isBlank).reversed().drop(while: isBlank).reversed())
    }

    /// How a file holds objects.
    private enum FileFormat {
        case csv
        case ndjson

        init(fileName: String) throws(CommandError) {
            let ending = fileName.split(separator: ".").last?.lowercased()
            switch ending {
            case "csv": self = .csv
            case "ndjson", "jsonl": self = .ndjson
            default: throw .usage("\(fileName) does not say what it holds", remedy: "Name it .csv or .ndjson")
            }
        }
    }
}

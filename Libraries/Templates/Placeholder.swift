import JSON

/// A placeholder `<<$name>>`, with or without filters: `<<$name|trim|default:"none">>`.
///
/// A name begins with a letter or underscore and goes on with letters, digits, `_`, `-` and `.`, at most ``nameBytesMax`` bytes. A
/// filter's argument stands behind a colon and is a JSON text in double quotes, a number, `true`, `false` or `null`. There are no
/// spaces outside of quotes.
public struct Placeholder: Sendable, Hashable {
    /// The variable's name.
    public let name: String
    /// What is done to the value, in order.
    let filters: [PlaceholderFilter]
    /// The placeholder as it was written: it stays where there is no value.
    let source: String

    /// The longest name, in bytes.
    public static let nameBytesMax = 128
    /// The most filters of one placeholder.
    public static let filtersMax = 8
    /// The longest argument of a filter, in bytes.
    public static let argumentBytesMax = 1024

    /// Whether it has a value whatever its variable has.
    var hasDefault: Bool {
        filters.contains { if case .standIn = $0 { true } else { false } }
    }

    /// The value that is put in place, or nil if there is none.
    func value(of variable: JSONValue?) -> JSONValue? {
        filters.reduce(variable) { value, filter in filter.applied(to: value) }
    }
}

/// Why something that begins like a placeholder is none.
struct PlaceholderFault: Error {
    let reason: String
    /// The filter that there is not, if that is why.
    let unknownFilter: String?

    init(_ reason: String) {
        self.reason = reason
        unknownFilter = nil
    }

    init(unknownFilter name: String) {
        reason = "there is no filter '\(name)'; there are \(PlaceholderFilter.names.joined(separator: ", "))"
        unknownFilter = name
    }
}

extension Placeholder {
    /// The placeholder that begins at `open`, and the place behind it.
    static func read(
        in text: String, at open: String.Index
    ) throws(PlaceholderFault) -> (placeholder: Placeholder, end: String.Index) {
        let utf8 = text.utf8
        guard utf8[open...].starts(with: "<<$".utf8) else { throw .form }
        let start = utf8.index(open, offsetBy: 3)
        let name = utf8[start...].prefix(while: isNameByte)
        guard let first = name.first, isNameStart(first), name.count <= nameBytesMax else { throw .form }
        var position = name.endIndex
        var filters: [PlaceholderFilter] = []
        while position < utf8.endIndex, utf8[position] == UInt8(ascii: "|") {
            guard filters.count < filtersMax else {
                throw PlaceholderFault("a placeholder has at most \(filtersMax) filters")
            }
            filters.append(try filter(in: text, from: &position))
        }
        guard utf8[position...].starts(with: ">>".utf8) else { throw filters.isEmpty ? .form : .filterForm }
        let end = utf8.index(position, offsetBy: 2)
        let placeholder = Placeholder(
            name: String(text[start..<name.endIndex]), filters: filters, source: String(text[open..<end]))
        return (placeholder, end)
    }

    /// One filter, from its bar on.
    private static func filter(
        in text: String, from position: inout String.Index
    ) throws(PlaceholderFault) -> PlaceholderFilter {
        let utf8 = text.utf8
        let name = utf8[utf8.index(after: position)...].prefix(while: isFilterByte)
        guard !name.isEmpty else { throw .filterForm }
        position = name.endIndex
        guard position < utf8.endIndex, utf8[position] == UInt8(ascii: ":") else {
            return try PlaceholderFilter(name: String(Substring(name)), argument: nil)
        }
        let argument = argument(of: utf8[utf8.index(after: position)...])
        guard argument.count <= argumentBytesMax else {
            throw PlaceholderFault("the value of a filter has at most \(argumentBytesMax) bytes")
        }
        guard let value = try? JSONValue(parsing: Array(argument)) else {
            throw PlaceholderFault(
                "the value of a filter is a text in double quotes, a number, true, false or null")
        }
        position = argument.endIndex
        return try PlaceholderFilter(name: String(Substring(name)), argument: value)
    }

    /// As much of a text as may be one JSON scalar.
    private static func argument(of text: Substring.UTF8View) -> Substring.UTF8View {
        guard text.first == UInt8(ascii: "\"") else {
            return text.prefix { isNameByte($0) || $0 == UInt8(ascii: "+") }
        }
        var isEscaped = false
        let end = text.dropFirst().firstIndex { byte in
            if isEscaped {
                isEscaped = false
            } else if byte == UInt8(ascii: "\\") {
                isEscaped = true
            } else {
                return byte == UInt8(ascii: "\"")
            }
            return false
        }
        return end.map { text[...$0] } ?? text
    }

    private static func isNameStart(_ byte: UInt8) -> Bool {
        (byte | 0x20) &- UInt8(ascii: "a") < 26 || byte == UInt8(ascii: "_")
    }

    static func isNameByte(_ byte: UInt8) -> Bool {
        isNameStart(byte) || byte &- UInt8(ascii: "0") < 10 || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-")
    }

    private static func isFilterByte(_ byte: UInt8) -> Bool {
        isNameStart(byte) || byte &- UInt8(ascii: "0") < 10
    }
}

extension PlaceholderFault {
    fileprivate static let form = PlaceholderFault(
        "a placeholder is written <<$name>>, with letters, digits, '_', '-' and '.' in the name")
    fileprivate static let filterForm = PlaceholderFault(
        "filters are written <<$name|upper>> or <<$name|default:\"none\">>, without spaces outside of quotes")
}

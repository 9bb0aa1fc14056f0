import Logging

/// The escaping of both log formats.
enum LogText {
    /// Appends text with line ends and other control characters as `\n`, `\r`, `\t` or `\u{…}`.
    static func appendEscaped(_ text: String, to line: inout String) {
        guard text.unicodeScalars.contains(where: isControl) else { return line += text }
        for scalar in text.unicodeScalars {
            if isControl(scalar) { line += scalar.escaped(asASCII: true) } else { line.unicodeScalars.append(scalar) }
        }
    }

    /// Appends a value, in quotes when it is empty or has blanks, quotes or control characters.
    static func appendValue(_ value: String, to line: inout String) {
        let isPlain =
            !value.isEmpty && value.unicodeScalars.allSatisfy { $0 != " " && $0 != "\"" && $0 != "=" && !isControl($0) }
        guard !isPlain else { return line += value }
        line += "\""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\"": line += "\\\""
            case "\\": line += "\\\\"
            default:
                if isControl(scalar) {
                    line += scalar.escaped(asASCII: true)
                } else {
                    line.unicodeScalars.append(scalar)
                }
            }
        }
        line += "\""
    }

    /// Appends a JSON value: texts as strings, arrays and dictionaries as they are.
    static func appendJSON(_ value: Logger.MetadataValue, to line: inout String) {
        switch value {
        case .string(let text): appendJSONString(text, to: &line)
        case .stringConvertible(let convertible): appendJSONString(convertible.description, to: &line)
        case .array(let elements):
            line += "["
            for (index, element) in elements.enumerated() {
                if index > 0 { line += "," }
                appendJSON(element, to: &line)
            }
            line += "]"
        case .dictionary(let members):
            line += "{"
            for (index, (key, member)) in members.sorted(by: { $0.key < $1.key }).enumerated() {
                if index > 0 { line += "," }
                appendJSONString(key, to: &line)
                line += ":"
                appendJSON(LogRedaction.shown(member, key: key), to: &line)
            }
            line += "}"
        }
    }

    /// Appends a JSON string (RFC 8259 section 7).
    static func appendJSONString(_ text: String, to line: inout String) {
        line += "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": line += "\\\""
            case "\\": line += "\\\\"
            case "\n": line += "\\n"
            case "\r": line += "\\r"
            case "\t": line += "\\t"
            case _ where scalar.value < 0x20:
                let hexadecimal = String(scalar.value, radix: 16)
                line += "\\u" + String(repeating: "0", count: 4 - hexadecimal.count) + hexadecimal
            default: line.unicodeScalars.append(scalar)
            }
        }
        line += "\""
    }

    /// C0, DEL, C1, and the two separators that some viewers take for line ends.
    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) || scalar.value == 0x2028 || scalar.value == 0x2029
    }
}

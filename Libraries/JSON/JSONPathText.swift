/// The text of a place in a document, built while walking to it: `$`, `$.objects[3]`, `$.headers['x-api-key']`.
///
/// The notation is that of RFC 9535: a dot in front of plain names, brackets with single quotes around all others.
public struct JSONPathText: Sendable, Hashable, CustomStringConvertible {
    /// The path as text.
    public private(set) var text: String

    /// The document itself, `$`.
    public init() {
        text = "$"
    }

    /// Appends the step to the member of an object.
    public mutating func append(key: String) {
        if Self.isPlain(key) {
            text += "."
            text += key
            return
        }
        text += "['"
        for scalar in key.unicodeScalars {
            switch scalar {
            case "'": text += "\\'"
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            case "\u{0}"..<"\u{20}":
                let digits = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
            default: text.unicodeScalars.append(scalar)
            }
        }
        text += "']"
    }

    /// Appends the step to an array's element, counted from 0.
    public mutating func append(index: Int) {
        text += "[\(index)]"
    }

    /// Appends the step to every element of an array, `[*]`.
    public mutating func appendAnyIndex() {
        text += "[*]"
    }

    /// The path of a member of the object at this path.
    public func key(_ key: String) -> JSONPathText {
        var path = self
        path.append(key: key)
        return path
    }

    /// The path of an element of the array at this path.
    public func index(_ index: Int) -> JSONPathText {
        var path = self
        path.append(index: index)
        return path
    }

    /// The path as text.
    public var description: String { text }

    private static func isPlain(_ key: String) -> Bool {
        guard let first = key.utf8.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else { return false }
        return key.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), 0x80...: true
            default: false
            }
        }
    }
}

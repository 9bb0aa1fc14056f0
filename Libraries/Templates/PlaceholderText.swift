import JSON

/// Text with placeholders `<<$name>>`, taken apart.
///
/// A name begins with a letter or underscore and goes on with letters, digits, `_`, `-` and `.`, at most
/// ``nameBytesMax`` bytes. Everything else that looks like a placeholder is text, as the specification's examples show.
public struct PlaceholderText: Sendable, Hashable {
    /// A stretch of the text.
    public enum Segment: Sendable, Hashable {
        /// Text that stays.
        case literal(String)
        /// The name of a variable.
        case variable(String)
    }

    /// The longest name, in bytes.
    public static let nameBytesMax = 128

    /// The stretches in order; no two literals follow each other and none is empty.
    public let segments: [Segment]

    /// Takes a text apart.
    public init(_ text: String) {
        var segments: [Segment] = []
        var literal = text.startIndex
        var position = text.startIndex
        while let open = text[position...].utf8.firstIndex(of: UInt8(ascii: "<")) {
            guard let (name, end) = Self.placeholder(in: text, at: open) else {
                position = text.utf8.index(after: open)
                continue
            }
            if literal < open { segments.append(.literal(String(text[literal..<open]))) }
            segments.append(.variable(name))
            literal = end
            position = end
        }
        if literal < text.endIndex { segments.append(.literal(String(text[literal...]))) }
        self.segments = segments
    }

    /// The name, if the whole text is one placeholder.
    public var soleVariable: String? {
        if segments.count == 1, case .variable(let name) = segments[0] { name } else { nil }
    }

    /// The names in order of appearance, each as often as it appears.
    public var variables: [String] {
        segments.compactMap { if case .variable(let name) = $0 { name } else { nil } }
    }

    /// Puts values in place of the placeholders; those without a value stay as they are.
    ///
    /// Strings are put in as they are, `null` as nothing, everything else as compact JSON text.
    /// - Returns: The text, and whether every placeholder had a value.
    public func render(_ lookup: (String) -> JSONValue?) -> (text: String, isResolved: Bool) {
        var isResolved = true
        let parts = segments.map { segment in
            switch segment {
            case .literal(let text): return text
            case .variable(let name):
                if let value = lookup(name) { return TemplateVariable.text(of: value) }
                isResolved = false
                return Self.placeholder(name)
            }
        }
        return (parts.joined(), isResolved)
    }

    /// The placeholder of a name.
    static func placeholder(_ name: String) -> String { "<<$\(name)>>" }

    /// The name of the placeholder that begins at `open` and the place behind it, if one begins there.
    private static func placeholder(in text: String, at open: String.Index) -> (name: String, end: String.Index)? {
        let utf8 = text.utf8
        guard utf8[open...].starts(with: "<<$".utf8) else { return nil }
        let start = utf8.index(open, offsetBy: 3)
        let name = utf8[start...].prefix(while: isNameByte)
        guard let first = name.first, isNameStart(first), name.count <= nameBytesMax,
            utf8[name.endIndex...].starts(with: ">>".utf8)
        else { return nil }
        return (String(text[start..<name.endIndex]), utf8.index(name.endIndex, offsetBy: 2))
    }

    private static func isNameStart(_ byte: UInt8) -> Bool {
        (byte | 0x20) &- UInt8(ascii: "a") < 26 || byte == UInt8(ascii: "_")
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        isNameStart(byte) || byte &- UInt8(ascii: "0") < 10 || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-")
    }
}

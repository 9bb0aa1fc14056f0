/// A text that is told from others by its bytes, as JSON tells members apart and Postgres tells names apart.
///
/// Swift's own equality takes all ways to write a character for the same: "é" is one code point, or an "e" with an accent behind it.
public struct ExactText: Sendable, Hashable {
    /// The text.
    public let text: String

    /// A text, to be compared by its bytes.
    public init(_ text: String) {
        self.text = text
    }

    /// Whether both have the same bytes.
    public static func == (left: ExactText, right: ExactText) -> Bool { left.text.utf8.elementsEqual(right.text.utf8) }

    /// Combines the bytes.
    public func hash(into hasher: inout Hasher) {
        var text = text
        text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
}

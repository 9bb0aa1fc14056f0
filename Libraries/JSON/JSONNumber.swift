/// A number as its exact source text: no digit is lost on the way through, however long or large.
///
/// Equality is equality of the text: `1.0` and `1` are different numbers here, as they are different text in a delivered result.
public struct JSONNumber: Sendable, Hashable, CustomStringConvertible {
    /// The text, within the grammar of RFC 8259 section 6.
    public let text: String

    /// A number from its text, or nil if the text is not a JSON number.
    public init?(_ text: String) {
        var text = text
        guard text.withUTF8({ Self.isNumber(UnsafeRawBufferPointer($0)) }) else { return nil }
        self.text = text
    }

    /// An integer.
    public init(_ value: some BinaryInteger) {
        text = String(value)
    }

    /// The shortest text that reads back as the same value, or nil for infinity and not-a-number, which JSON lacks.
    public init?(_ value: Double) {
        guard value.isFinite else { return nil }
        text = "\(value)"
    }

    /// Text that a parser has validated already.
    init(validated text: String) {
        self.text = text
    }

    /// The value, if it is integral and fits; `2.0` and `2e3` are integral.
    public var intValue: Int? {
        if let value = Int(text) { return value }
        guard let value = Double(text), abs(value) <= 0x1p53 else { return nil }
        // Not `Int(exactly:)`: it needs the C library of mathematics, for this alone.
        let integer = Int(value)
        return Double(integer) == value ? integer : nil
    }

    /// The nearest double, or nil if the number is beyond its range.
    public var doubleValue: Double? {
        guard let value = Double(text), value.isFinite else { return nil }
        return value
    }

    /// The exact source text.
    public var description: String { text }

    /// Whether the bytes are exactly one number of RFC 8259 section 6.
    public static func isNumber(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var position = 0
        guard let length = scan(bytes, from: &position) else { return false }
        return length == bytes.count
    }

    /// Reads the longest number at `position` and moves there; returns the new position, or nil where the grammar breaks
    /// (`position` then is that of the byte that does not fit).
    static func scan(_ bytes: UnsafeRawBufferPointer, from position: inout Int) -> Int? {
        func at(_ byte: UInt8) -> Bool { position < bytes.count && bytes[position] == byte }
        func digits() -> Bool {
            let first = position
            while position < bytes.count, bytes[position] &- UInt8(ascii: "0") < 10 { position += 1 }
            return position > first
        }
        if at(UInt8(ascii: "-")) { position += 1 }
        if at(UInt8(ascii: "0")) {
            position += 1
        } else if !digits() {
            return nil
        }
        if at(UInt8(ascii: ".")) {
            position += 1
            guard digits() else { return nil }
        }
        if at(UInt8(ascii: "e")) || at(UInt8(ascii: "E")) {
            position += 1
            if at(UInt8(ascii: "+")) || at(UInt8(ascii: "-")) { position += 1 }
            guard digits() else { return nil }
        }
        return position
    }
}

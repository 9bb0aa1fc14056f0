/// Collects the binary forms of values in one contiguous buffer, in network byte order.
///
/// A type's ``PostgresEncodable/encode(into:)`` either writes bytes, or calls `writeNull()`, or calls `refuse(_:)`.
public struct PostgresEncoder: Sendable {
    /// What the server takes at most for one value (1 GiB, `MaxAllocSize`).
    static let valueBytesMax = 0x3FFF_FFFF

    private(set) var bytes: [UInt8] = []
    private(set) var refusal: String?
    private var valueIsNull = false

    init() {}

    /// Makes the value that is being encoded NULL.
    public mutating func writeNull() {
        valueIsNull = true
    }

    /// Appends an integer, most significant byte first.
    public mutating func write<Value: FixedWidthInteger & Sendable>(_ value: Value) {
        withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
    }

    /// Appends bytes as they are.
    public mutating func write(_ value: UnsafeRawBufferPointer) {
        bytes.append(contentsOf: value)
    }

    /// Appends text as UTF-8. Text with NUL is refused: the server cannot store it.
    public mutating func write(text: String) {
        let start = bytes.count
        bytes.append(contentsOf: text.utf8)
        refuseNUL(from: start)
    }

    /// Appends bytes that the server will take for text. Text with NUL is refused: the server cannot store it.
    public mutating func write(text: [UInt8]) {
        let start = bytes.count
        bytes.append(contentsOf: text)
        refuseNUL(from: start)
    }

    /// Declares that the value has no form that the server takes. The reason must not hold the value; the first one is kept.
    public mutating func refuse(_ reason: String) {
        if refusal == nil { refusal = reason }
    }

    private mutating func refuseNUL(from start: Int) {
        let hasNUL = bytes.withUnsafeBytes { all in
            UnsafeRawBufferPointer(rebasing: all[start...]).contains(0)
        }
        if hasNUL { refuse("is text that contains NUL (U+0000), which Postgres cannot store") }
    }

    /// Encodes one value and gives its length in bytes, -1 for NULL.
    mutating func append<Value: PostgresEncodable>(_ value: Value) -> Int32 {
        let start = bytes.count
        valueIsNull = false
        value.encode(into: &self)
        if valueIsNull {
            valueIsNull = false
            return -1
        }
        let length = bytes.count - start
        guard length <= Self.valueBytesMax else {
            refuse("has \(length) bytes; Postgres takes at most \(Self.valueBytesMax)")
            return -1
        }
        return Int32(length)
    }

    /// Encodes one value behind its length, as arrays and COPY rows want it. Gives the length, -1 for NULL.
    @discardableResult
    mutating func appendWithLength<Value: PostgresEncodable>(_ value: Value) -> Int32 {
        let position = bytes.count
        write(Int32(0))
        let length = append(value)
        overwrite(length, at: position)
        return length
    }

    /// Replaces an integer that was written before.
    mutating func overwrite(_ value: Int32, at position: Int) {
        bytes.withUnsafeMutableBytes { $0.storeBytes(of: value.bigEndian, toByteOffset: position, as: Int32.self) }
    }

    mutating func removeAll(keepingCapacity: Bool) {
        bytes.removeAll(keepingCapacity: keepingCapacity)
    }
}

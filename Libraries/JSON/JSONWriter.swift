/// Writes compact JSON text into a byte array, front to back. Commas come by themselves.
///
/// ```swift
/// var writer = JSONWriter()
/// writer.beginObject()
/// writer.key("name")
/// writer.string("Åland")
/// writer.key("codes")
/// writer.beginArray()
/// writer.int(248)
/// writer.endArray()
/// writer.endObject()  // {"name":"Åland","codes":[248]}
/// ```
///
/// The writer trusts its caller with the order of calls: it does not count brackets.
public struct JSONWriter: Sendable {
    /// What has been written so far, UTF-8.
    public private(set) var bytes: [UInt8] = []
    private var needsComma = false

    /// An empty writer with room for `capacity` bytes.
    public init(capacity: Int = 0) {
        bytes.reserveCapacity(capacity)
    }

    /// Forgets what was written and keeps the memory, to serve the next document.
    public mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
        needsComma = false
    }

    /// Ends a document that stands on its own: what follows is not separated from it by a comma.
    public mutating func endDocument() {
        needsComma = false
    }

    /// Takes back the last bytes, which must be whole values after the last ``endDocument()``.
    public mutating func removeLast(_ count: Int) {
        bytes.removeLast(count)
        needsComma = false
    }

    /// Hands the bytes over and leaves an empty writer.
    public mutating func take() -> [UInt8] {
        defer { self = JSONWriter() }
        return bytes
    }

    /// Writes `{`.
    public mutating func beginObject() { begin(UInt8(ascii: "{")) }
    /// Writes `}`.
    public mutating func endObject() { end(UInt8(ascii: "}")) }
    /// Writes `[`.
    public mutating func beginArray() { begin(UInt8(ascii: "[")) }
    /// Writes `]`.
    public mutating func endArray() { end(UInt8(ascii: "]")) }

    /// Writes a key; a value must follow.
    public mutating func key(_ key: String) {
        separate()
        appendQuoted(key)
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    /// Writes a key whose text is known while compiling and needs no escapes.
    public mutating func key(_ key: StaticString) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        bytes.append(contentsOf: UnsafeBufferPointer(start: key.utf8Start, count: key.utf8CodeUnitCount))
        bytes.append(UInt8(ascii: "\""))
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    /// Writes a string.
    public mutating func string(_ text: String) {
        separate()
        appendQuoted(text)
    }

    /// Writes a string of valid UTF-8 bytes.
    public mutating func string(utf8 text: some Sequence<UInt8>) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        let isContiguous: Void? = text.withContiguousStorageIfAvailable {
            JSONString.escape(UnsafeRawBufferPointer($0), into: &bytes)
        }
        if isContiguous == nil { Array(text).withUnsafeBytes { JSONString.escape($0, into: &bytes) } }
        bytes.append(UInt8(ascii: "\""))
    }

    /// Writes an integer.
    public mutating func int(_ value: some BinaryInteger) {
        separate()
        bytes.append(contentsOf: String(value).utf8)
    }

    /// Writes a number with its exact text.
    public mutating func number(_ value: JSONNumber) {
        separate()
        bytes.append(contentsOf: value.text.utf8)
    }

    /// Writes `true` or `false`.
    public mutating func bool(_ value: Bool) {
        separate()
        bytes.append(contentsOf: (value ? "true" : "false").utf8)
    }

    /// Writes `null`.
    public mutating func null() {
        separate()
        bytes.append(contentsOf: "null".utf8)
    }

    /// Writes one value that is JSON text already.
    public mutating func raw(_ json: some Sequence<UInt8>) {
        separate()
        bytes.append(contentsOf: json)
    }

    /// Writes a value with everything in it.
    public mutating func value(_ value: JSONValue) {
        switch value {
        case .null: null()
        case .bool(let flag): bool(flag)
        case .number(let decimal): number(decimal)
        case .string(let text): string(text)
        case .array(let elements):
            beginArray()
            for element in elements { self.value(element) }
            endArray()
        case .object(let object):
            beginObject()
            for member in object.members {
                key(member.key)
                self.value(member.value)
            }
            endObject()
        }
    }

    /// Writes a node of a parsed document with everything in it: white space goes, numbers keep their text, strings are written
    /// with no more escapes than needed.
    public mutating func value(_ index: Int, of tape: JSONTape) {
        switch tape.kind(index) {
        case .null, .true, .false, .number: raw(tape.bytes(index))
        case .string: string(index, of: tape)
        case .array:
            beginArray()
            var element = index + 1
            while element < tape.next(index) {
                value(element, of: tape)
                element = tape.next(element)
            }
            endArray()
        case .object:
            beginObject()
            var key = index + 1
            while key < tape.next(index) {
                string(key, of: tape)
                bytes.append(UInt8(ascii: ":"))
                needsComma = false
                value(key + 1, of: tape)
                key = tape.next(key + 1)
            }
            endObject()
        }
    }

    private mutating func string(_ index: Int, of tape: JSONTape) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        let text = tape.bytes(index)
        if tape.isEscaped(index) {
            var unescaped: [UInt8] = []
            JSONString.unescape(text, into: &unescaped)
            unescaped.withUnsafeBytes { JSONString.escape($0, into: &bytes) }
        } else {
            bytes.append(contentsOf: text)
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func appendQuoted(_ text: String) {
        var text = text
        bytes.append(UInt8(ascii: "\""))
        text.withUTF8 { JSONString.escape(UnsafeRawBufferPointer($0), into: &bytes) }
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func begin(_ bracket: UInt8) {
        separate()
        bytes.append(bracket)
        needsComma = false
    }

    private mutating func end(_ bracket: UInt8) {
        bytes.append(bracket)
        needsComma = true
    }

    /// Writes the comma in front of a value or key that has a predecessor.
    private mutating func separate() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        needsComma = true
    }
}

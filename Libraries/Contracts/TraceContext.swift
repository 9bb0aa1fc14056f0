#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Where work belongs in a distributed trace: the `traceparent` of W3C Trace Context, level 1
/// (https://www.w3.org/TR/trace-context-1/).
public struct TraceContext: Sendable, Hashable {
    /// The whole trace: 32 hexadecimal digits.
    public let traceID: String
    /// The operation that caused the work: 16 hexadecimal digits.
    public let parentID: String
    /// Whether the caller may have recorded it. Other flags mean nothing in level 1 and are not passed on.
    public let isSampled: Bool

    private init(traceID: String, parentID: String, isSampled: Bool) {
        self.traceID = traceID
        self.parentID = parentID
        self.isSampled = isSampled
    }

    /// Reads a `traceparent`; nil when it is malformed, which the standard tells to ignore.
    ///
    /// Of a later version the fields that this one knows are read, whatever follows them.
    public init?(parsing text: String) {
        let bytes = Array(text.utf8.prefix(56))
        let fields = bytes.prefix(55).split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        guard fields.map(\.count) == [2, 32, 16, 2], fields.allSatisfy({ $0.allSatisfy(Self.isDigit) }) else {
            return nil
        }
        let parts = fields.map { String(decoding: $0, as: UTF8.self) }
        guard parts[0] != "ff", bytes.count == 55 || (parts[0] != "00" && bytes[55] == UInt8(ascii: "-")),
            !fields[1].allSatisfy({ $0 == UInt8(ascii: "0") }), !fields[2].allSatisfy({ $0 == UInt8(ascii: "0") }),
            let flags = UInt8(parts[3], radix: 16)
        else { return nil }
        self.init(traceID: parts[1], parentID: parts[2], isSampled: flags & 1 == 1)
    }

    /// The context for the next hop: the same trace, caused by the operation `id`.
    ///
    /// - Parameter id: a new UUIDv7; its last eight bytes, most of them random and never all zero, become the parent's id.
    public func child(_ id: UUID) -> TraceContext {
        let digits = id.uuidString.lowercased().filter { $0 != "-" }
        return TraceContext(traceID: traceID, parentID: String(digits.suffix(16)), isSampled: isSampled)
    }

    /// The value of a `traceparent` header or attribute, in the version that this code knows.
    public var traceparent: String { "00-\(traceID)-\(parentID)-\(isSampled ? "01" : "00")" }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
    }
}

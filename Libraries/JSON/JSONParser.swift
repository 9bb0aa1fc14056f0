import CSimdJSON

/// A reusable parser: its buffers serve one document after the other. One per thread or task; it is not `Sendable`.
public final class JSONParser {
    private let parser: OpaquePointer
    private let limits: JSONLimits
    /// Buffers of larger documents are given back after use: one answer of 16 MB must not cost memory for ever.
    private static let retainedBytesMax = 1 << 20

    /// Creates a parser with bounds.
    public init(limits: JSONLimits = JSONLimits()) {
        guard let parser = csj_parser_create() else { preconditionFailure("no memory for a parser of 100 bytes") }
        self.parser = parser
        self.limits = limits
    }

    deinit {
        csj_parser_destroy(parser)
    }

    /// Parses and fully validates a document, and hands its tape to `body`. A byte order mark in front is ignored.
    ///
    /// - Throws: ``JSONError`` with byte offset and path. What `body` does on error it does by its return value.
    public func withTape<Result>(
        of bytes: UnsafeRawBufferPointer, _ body: (JSONTape) -> Result
    ) throws(JSONError) -> Result {
        defer { giveBackMemory(after: bytes.count) }
        return body(try unsafeTape(of: bytes))
    }

    /// Parses and fully validates a document. A byte order mark in front is ignored.
    ///
    /// Unsafe because the tape dangles after the parser's next use and after `bytes`.
    /// - Throws: ``JSONError`` with byte offset and path.
    public func unsafeTape(of bytes: UnsafeRawBufferPointer) throws(JSONError) -> JSONTape {
        guard bytes.count <= limits.bytesMax else {
            let detail = "the document has \(bytes.count) bytes, more than the maximum of \(limits.bytesMax)"
            throw JSONError(code: .tooLarge, offset: limits.bytesMax, path: "$", detail: detail)
        }
        let text = Self.withoutByteOrderMark(bytes)
        guard let start = text.baseAddress?.assumingMemoryBound(to: UInt8.self), !text.isEmpty else {
            throw JSONError(code: .empty, offset: 0, path: "$", detail: "the document is empty")
        }
        var nodes: UnsafePointer<csj_node>?
        var count = 0
        let status = csj_parse(parser, start, text.count, UInt32(limits.depthMax), &nodes, &count)
        switch status {
        case CSJ_OK:
            guard let nodes else { preconditionFailure("a parsed document has nodes") }
            return JSONTape(source: start, nodes: nodes, count: count)
        case CSJ_NO_MEMORY:
            let detail = "no memory to parse a document of \(bytes.count) bytes"
            throw JSONError(code: .outOfMemory, offset: 0, path: "$", detail: detail)
        default:
            throw JSONDiagnosis.error(in: bytes, depthMax: limits.depthMax)
        }
    }

    /// Gives back the buffers of a document of this length if it was large. The tape dangles from then on.
    public func giveBackMemory(after byteCount: Int) {
        if byteCount > Self.retainedBytesMax { csj_parser_shrink(parser, Self.retainedBytesMax) }
    }

    /// RFC 8259 section 8.1 allows a reader to ignore a byte order mark, and answers of real servers carry it.
    static func withoutByteOrderMark(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        let mark = bytes.count >= 3 && bytes[0] == 0xEF && bytes[1] == 0xBB && bytes[2] == 0xBF
        return mark ? UnsafeRawBufferPointer(rebasing: bytes[3...]) : bytes
    }
}

@available(*, unavailable)
extension JSONParser: Sendable {}

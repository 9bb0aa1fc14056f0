/// A parsed document that is read, not changed: values are looked up in the source text when asked for.
///
/// Cheaper than ``JSONValue`` where little of a large document is read; the document owns a copy of its bytes.
public final class JSONDocument {
    private let parser: JSONParser
    private let source: UnsafeMutableRawBufferPointer
    let tape: JSONTape

    /// Parses and fully validates a document.
    ///
    /// - Throws: ``JSONError`` with byte offset and path.
    public convenience init(
        parsing bytes: UnsafeRawBufferPointer, limits: JSONLimits = JSONLimits()
    ) throws(JSONError) {
        let source = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
        source.copyMemory(from: bytes)
        try self.init(owning: source, limits: limits)
    }

    /// Parses and fully validates a document.
    ///
    /// - Throws: ``JSONError`` with byte offset and path.
    public convenience init(parsing bytes: [UInt8], limits: JSONLimits = JSONLimits()) throws(JSONError) {
        let source = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
        source.copyBytes(from: bytes)
        try self.init(owning: source, limits: limits)
    }

    private init(owning source: UnsafeMutableRawBufferPointer, limits: JSONLimits) throws(JSONError) {
        parser = JSONParser(limits: limits)
        do throws(JSONError) {
            tape = try parser.unsafeTape(of: UnsafeRawBufferPointer(source))
        } catch {
            source.deallocate()
            throw error
        }
        self.source = source
    }

    deinit {
        source.deallocate()
    }

    /// The outermost value.
    public var root: JSONNode { JSONNode(document: self, index: 0) }
}

// Sendable without the compiler's proof: after `init` the source, the tape and the parser's buffers behind it are only read,
// and the parser, which alone could change them, is private and never used again.
extension JSONDocument: @unchecked Sendable {}

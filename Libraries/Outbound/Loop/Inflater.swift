internal import CZlib

/// Decompresses a body as it comes (RFC 1950 to 1952), and knows whether it came to its end.
///
/// libcurl could do it, but takes a stream that ends early for a whole one.
final class Inflater {
    /// What came of a piece.
    enum Outcome: Equatable {
        /// All of it is worked off.
        case taken
        /// Whoever takes the content wants no more.
        case refused
        /// It is none, or there is something behind its end.
        case damaged
        case memoryExhausted
    }

    private static let bufferBytes = 32 << 10
    /// Makes zlib find out whether a stream is gzip's or zlib's.
    private static let anyHeader: Int32 = 32
    /// What some servers put behind a stream without a header, instead of in it.
    private static let strayBytesMax = 4

    // On the heap: zlib keeps its address.
    private let stream: UnsafeMutablePointer<z_stream>
    /// Whether a stream without zlib's header is taken as well: many servers mean that by `deflate`.
    private var mayLackHeader: Bool
    /// The first bytes, until it is known that they are a header.
    private var head: [UInt8] = []
    private var strayBytesLeft = 0
    private var hasBegun = false
    private var hasEnded = false

    /// Whether the stream was whole, or nothing came at all.
    var isWhole: Bool { hasEnded || !hasBegun }

    /// - Parameter coding: `gzip`, `x-gzip` or `deflate`.
    init?(coding: String) {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        mayLackHeader = coding == "deflate"
        guard czlib_inflate_init(stream, MAX_WBITS + Self.anyHeader) == Z_OK else { return nil }
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
    }

    /// Works off a piece of the body.
    ///
    /// - Parameter take: takes a piece of the content; `false` ends it.
    func push(_ bytes: UnsafeRawBufferPointer, _ take: (UnsafeRawBufferPointer) -> Bool) -> Outcome {
        if bytes.isEmpty { return .taken }
        hasBegun = true
        guard mayLackHeader, stream.pointee.total_out == 0 else { return inflate(bytes, take) }
        let headPart = bytes.prefix(2 - min(head.count, 2))
        head += headPart
        let outcome = inflate(bytes, take)
        // A header has two bytes, and nothing is made of them.
        guard outcome == .damaged, stream.pointee.total_out == 0, head.count == 2 else { return outcome }
        mayLackHeader = false
        strayBytesLeft = Self.strayBytesMax
        inflateEnd(stream)
        stream.pointee = z_stream()
        guard czlib_inflate_init(stream, -MAX_WBITS) == Z_OK else { return .memoryExhausted }
        let rest = UnsafeRawBufferPointer(rebasing: bytes.dropFirst(headPart.count))
        let first = head.withUnsafeBytes { inflate($0, take) }
        return first == .taken && !rest.isEmpty ? inflate(rest, take) : first
    }

    private func inflate(_ bytes: UnsafeRawBufferPointer, _ take: (UnsafeRawBufferPointer) -> Bool) -> Outcome {
        // zlib does not write there.
        stream.pointee.next_in = UnsafeMutablePointer(
            mutating: bytes.baseAddress?.assumingMemoryBound(to: UInt8.self))
        stream.pointee.avail_in = UInt32(bytes.count)
        return withUnsafeTemporaryAllocation(byteCount: Self.bufferBytes, alignment: 16) { buffer in
            while true {
                if hasEnded { return endsHere() ? .taken : .damaged }
                stream.pointee.next_out = buffer.baseAddress?.assumingMemoryBound(to: UInt8.self)
                stream.pointee.avail_out = UInt32(buffer.count)
                let code = CZlib.inflate(stream, Z_NO_FLUSH)
                let made = buffer.count - Int(stream.pointee.avail_out)
                if made > 0, !take(UnsafeRawBufferPointer(rebasing: buffer[..<made])) { return .refused }
                switch code {
                case Z_OK: continue
                // Nothing left to work off, or to make.
                case Z_BUF_ERROR: return .taken
                case Z_STREAM_END: hasEnded = true
                case Z_MEM_ERROR: return .memoryExhausted
                default: return .damaged
                }
            }
        }
    }

    /// Whether nothing comes behind the end of the stream.
    private func endsHere() -> Bool {
        let rest = Int(stream.pointee.avail_in)
        guard rest <= strayBytesLeft else { return false }
        strayBytesLeft -= rest
        return true
    }
}

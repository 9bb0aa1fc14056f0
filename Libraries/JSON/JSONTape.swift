public import CSimdJSON

/// A parsed document as a flat list of nodes that point into the source bytes: what ``JSONParser`` returns, and what code
/// that is counted in nanoseconds walks. Everyone else uses ``JSONDocument`` or ``JSONValue``.
///
/// A node is named by its index; the root is 0. The children of a container at `index` begin at `index + 1`; of an object
/// they are a key, its value, a key, its value and so on. `next(_:)` steps over a whole subtree.
///
/// A tape is a pair of pointers: it is valid until the parser's next use, and only while the source bytes live.
@frozen
public struct JSONTape {
    /// What a node is.
    public enum Kind: UInt8, Sendable {
        case null = 0
        case `false` = 1
        case `true` = 2
        case number = 3
        case string = 4
        case array = 5
        case object = 6
    }

    @usableFromInline let source: UnsafePointer<UInt8>
    @usableFromInline let nodes: UnsafePointer<csj_node>
    /// The number of nodes.
    public let count: Int

    @usableFromInline
    init(source: UnsafePointer<UInt8>, nodes: UnsafePointer<csj_node>, count: Int) {
        self.source = source
        self.nodes = nodes
        self.count = count
    }

    /// What the node is.
    @inlinable
    public func kind(_ index: Int) -> Kind {
        unsafeBitCast(nodes[index].kind, to: Kind.self)
    }

    /// The first node after this one and everything in it.
    @inlinable
    public func next(_ index: Int) -> Int { Int(nodes[index].next) }

    /// The nesting level; 0 for the root.
    @inlinable
    public func depth(_ index: Int) -> Int { Int(nodes[index].depth) }

    /// The offset of a node's first byte in the source; of a string, of the byte after the opening quote.
    @inlinable
    public func offset(_ index: Int) -> Int { Int(nodes[index].start) }

    /// The source bytes: of a string without its quotes and with its escapes, of a container from bracket to bracket.
    @inlinable
    public func bytes(_ index: Int) -> UnsafeRawBufferPointer {
        let node = nodes[index]
        return UnsafeRawBufferPointer(start: source + Int(node.start), count: Int(node.end &- node.start))
    }

    /// Whether a string contains escapes; if not, its bytes are its text.
    @inlinable
    public func isEscaped(_ index: Int) -> Bool { nodes[index].flags & UInt8(CSJ_ESCAPED.rawValue) != 0 }

    /// Whether a string, or any string in a container, contains U+0000.
    @inlinable
    public func containsNUL(_ index: Int) -> Bool { nodes[index].flags & UInt8(CSJ_NUL.rawValue) != 0 }

    /// Whether a string, or any string in a container, contains half of a surrogate pair.
    @inlinable
    public func containsLoneSurrogate(_ index: Int) -> Bool {
        nodes[index].flags & UInt8(CSJ_LONE_SURROGATE.rawValue) != 0
    }

    /// Whether a number has neither fraction nor exponent.
    @inlinable
    public func isInteger(_ index: Int) -> Bool { nodes[index].flags & UInt8(CSJ_INTEGER.rawValue) != 0 }

    /// The text of a string; half surrogate pairs become U+FFFD (ask ``containsLoneSurrogate(_:)`` first).
    public func string(_ index: Int) -> String {
        let bytes = bytes(index)
        guard isEscaped(index) else { return String(decoding: bytes, as: UTF8.self) }
        return JSONString.unescaped(bytes)
    }
}

/// Not shared between threads, because the parser's next use would pull the nodes away.
@available(*, unavailable)
extension JSONTape: Sendable {}

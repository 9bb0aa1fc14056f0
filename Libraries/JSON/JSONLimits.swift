/// The bounds of one parse. Hitting one is an error that names it, never a shortened result.
public struct JSONLimits: Sendable, Hashable {
    /// The longest document, in bytes. Default: 16 MiB; at most 4 GiB.
    public var bytesMax: Int
    /// The deepest nesting of arrays and objects. Default: 256; at most 1,024, because values are
    /// built and written recursively.
    public var depthMax: Int

    /// Offsets into a document are held in 32 bits.
    private static let offsetMax = Int(UInt32.max) - 64

    /// Creates bounds; the defaults suit request bodies and the answers of third-party APIs.
    public init(bytesMax: Int = 16 << 20, depthMax: Int = 256) {
        self.bytesMax = min(max(bytesMax, 0), Self.offsetMax)
        self.depthMax = min(max(depthMax, 0), 1024)
    }
}

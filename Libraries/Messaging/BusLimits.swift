/// Bounds that both sides of the bus know.
public enum BusLimits {
    /// The default largest body of a message: 1 MiB. The bus carries hints and commands; bulk travels in Postgres.
    public static let bodyBytesMax = 1 << 20
    /// The longest topic in bytes of UTF-8.
    public static let topicBytesMax = 255
    /// The longest key in bytes of UTF-8.
    public static let keyBytesMax = 1_024
    /// Messages travel packed together; a pack is closed when it reaches this size.
    package static let batchBytesTarget = 64 << 10
    /// ZeroMQ messages that a loop takes from one socket per turn, so that no peer starves the others.
    package static let receivesPerTurn = 256

    /// The largest frame needed for bodies of a given size: one message of the greatest length and its headers.
    package static func frameBytesMax(bodyBytesMax: Int) -> Int {
        bodyBytesMax + topicBytesMax + keyBytesMax + 512 + batchBytesTarget
    }
}

/// The layout of what travels on the bus: one ZeroMQ frame holds a batch of records.
///
/// Several messages share a frame because libzmq's cost is per frame. All numbers are little-endian.
///
/// ```
/// batch   "WEIR" | version u8 | 3 reserved bytes | record...
/// record  kind u8 | flags u8 | topicBytes u16 | keyBytes u16 | code u16 | bodyBytes u32 | number u32 | id u64
///         topic | key | body
/// ```
package enum BatchFormat {
    package static let version: UInt8 = 1
    package static let headerBytes = 8
    package static let recordHeaderBytes = 24
    /// "WEIR" as the first four bytes of a frame.
    package static let magic: UInt32 = 0x5249_4557
}

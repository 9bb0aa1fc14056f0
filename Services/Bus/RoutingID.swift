/// The address of a client's connection: a zero byte and 32 bits that the ROUTER socket chose.
///
/// Addresses that clients choose themselves (`ZMQ_ROUTING_ID`) never begin with zero. The broker serves none of these, so
/// that nobody can be taken for somebody else or stand in his way.
struct RoutingID: Hashable {
    let number: UInt32

    init(number: UInt32) {
        self.number = number
    }

    init?(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count == 5, bytes[0] == 0 else { return nil }
        number = bytes.loadUnaligned(fromByteOffset: 1, as: UInt32.self)
    }

    func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        withUnsafeTemporaryAllocation(byteCount: 5, alignment: 1) { buffer in
            buffer[0] = 0
            buffer.storeBytes(of: number, toByteOffset: 1, as: UInt32.self)
            return body(UnsafeRawBufferPointer(buffer))
        }
    }
}

/// Gzip streams made by hand (RFC 1951, RFC 1952), so that tests need no compression library.
enum Gzip {
    private static let header: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255]

    /// A valid stream that holds the content in one stored block of at most 65,535 bytes.
    static func stored(_ content: [UInt8]) -> [UInt8] {
        header + storedAlone(content) + littleEndian(checksum(content)) + littleEndian(UInt32(content.count))
    }

    /// The same in zlib's format (RFC 1950), which HTTP calls `deflate`.
    static func storedByZlib(_ content: [UInt8]) -> [UInt8] {
        var (low, high) = (UInt32(1), UInt32(0))
        for byte in content {
            low = (low + UInt32(byte)) % 65_521
            high = (high + low) % 65_521
        }
        return [0x78, 0x9C] + storedAlone(content) + littleEndian((high << 16 | low).byteSwapped)
    }

    /// The block alone, which some servers call `deflate`.
    static func storedAlone(_ content: [UInt8]) -> [UInt8] {
        let length = UInt16(content.count)
        return [1] + littleEndian(length) + littleEndian(~length) + content
    }

    /// A stream that expands to 258 zeros for every 13 bits of it; without end, its last block goes on.
    static func bomb(expandedBytes: Int, isEndless: Bool = false) -> [UInt8] {
        header + zeros(expandedBytes, isEndless: isEndless)
    }

    /// The same in zlib's format (RFC 1950), which HTTP calls `deflate`.
    static func zlibBomb(expandedBytes: Int) -> [UInt8] {
        [0x78, 0x9C] + zeros(expandedBytes, isEndless: false)
    }

    private static func zeros(_ count: Int, isEndless: Bool) -> [UInt8] {
        var bits = BitWriter()
        bits.write(0b011, 3)  // last block, fixed Huffman codes
        bits.write(0b0000_1100, 8)  // literal 0 is 00110000, most significant bit first
        for _ in 0..<(count / 258) {
            bits.write(0b1010_0011, 8)  // length 258 is 11000101, most significant bit first
            bits.write(0, 5)  // distance 1
        }
        if !isEndless { bits.write(0, 7) }  // end of block
        return bits.bytes
    }

    private static func littleEndian<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] {
        withUnsafeBytes(of: number.littleEndian) { Array($0) }
    }

    private static func checksum(_ bytes: [UInt8]) -> UInt32 {
        var sum = ~UInt32(0)
        for byte in bytes {
            sum ^= UInt32(byte)
            for _ in 0..<8 { sum = sum >> 1 ^ (sum & 1 == 1 ? 0xEDB8_8320 : 0) }
        }
        return ~sum
    }
}

/// Writes bits, the least significant of a byte first.
private struct BitWriter {
    private(set) var bytes: [UInt8] = []
    private var free = 0

    mutating func write(_ bits: UInt8, _ count: Int) {
        for index in 0..<count {
            if free == 0 {
                bytes.append(0)
                free = 8
            }
            bytes[bytes.count - 1] |= (bits >> index & 1) << (8 - free)
            free -= 1
        }
    }
}

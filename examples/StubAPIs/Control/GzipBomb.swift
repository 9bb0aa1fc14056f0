/// A gzip stream made by hand (RFC 1951, RFC 1952), so that the stubs need no compression library.
enum GzipBomb {
    /// A letter, and then again and again 258 times what came before, in 13 bits each: one block with fixed Huffman codes.
    static func bytes(expandedBytes: Int) -> [UInt8] {
        var bits = Bits()
        bits.append(0b011, count: 3)  // The last block; fixed codes.
        bits.append(reversing: 0b1000_1010, count: 8)  // The letter Z.
        for _ in 0..<expandedBytes / 258 {
            bits.append(reversing: 0b1100_0101, count: 8)  // A length of 258.
            bits.append(0, count: 5)  // A distance of 1.
        }
        bits.append(0, count: 7)  // The end of the block.
        // A checksum that nobody gets to.
        return [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255] + bits.bytes + [UInt8](repeating: 0, count: 8)
    }

    /// Bits in the order of RFC 1951: the least significant of each byte first.
    private struct Bits {
        private(set) var bytes: [UInt8] = []
        private var used = 8

        mutating func append(_ bits: UInt8, count: Int) {
            for place in 0..<count {
                if used == 8 {
                    bytes.append(0)
                    used = 0
                }
                bytes[bytes.count - 1] |= (bits >> place & 1) << used
                used += 1
            }
        }

        /// Huffman codes stand with their most significant bit first.
        mutating func append(reversing bits: UInt8, count: Int) {
            for place in (0..<count).reversed() { append(bits >> place & 1, count: 1) }
        }
    }
}

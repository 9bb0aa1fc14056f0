import JSON

/// Notices that an object may repeat a key, in one cheap look at the hashes of its keys. A false alarm is possible, a miss is not.
struct DuplicateKeyDetector {
    private var table: [UInt64] = []
    /// So many occupied places in a row do not happen by chance: somebody made the keys collide, and the look would grow slow.
    private static let probesMax = 32

    /// Whether two keys of the object may be equal.
    mutating func mayRepeat(_ object: Int, of tape: JSONTape) -> Bool {
        let end = tape.next(object)
        var count = 0
        var key = object + 1
        while key < end {
            if tape.isEscaped(key) { return true }
            count += 1
            key = tape.next(key + 1)
        }
        guard count > 1 else { return false }
        var size = 4
        while size < count * 2 { size *= 2 }
        if table.count < size { table = [UInt64](repeating: 0, count: size) }
        for place in 0..<size { table[place] = 0 }
        key = object + 1
        while key < end {
            if !insert(keyHash(tape.bytes(key)) | 1, mask: size - 1) { return true }
            key = tape.next(key + 1)
        }
        return false
    }

    /// False if the hash, which is never 0, is in the table already.
    private mutating func insert(_ hash: UInt64, mask: Int) -> Bool {
        var place = Int(truncatingIfNeeded: hash >> 32) & mask
        var probes = 0
        while table[place] != 0 {
            if table[place] == hash || probes == Self.probesMax { return false }
            place = (place + 1) & mask
            probes += 1
        }
        table[place] = hash
        return true
    }
}

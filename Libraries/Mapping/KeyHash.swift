/// A fast hash of an object's key. Not for a defence against collisions: whoever uses it bounds their cost.
@inline(__always)
func keyHash(_ key: UnsafeRawBufferPointer) -> UInt64 {
    let multiplier: UInt64 = 0x9E37_79B9_7F4A_7C15
    var hash = UInt64(truncatingIfNeeded: key.count) &* multiplier
    var position = 0
    while position + 8 <= key.count {
        hash = (hash ^ key.loadUnaligned(fromByteOffset: position, as: UInt64.self)) &* multiplier
        hash ^= hash >> 29
        position += 8
    }
    var rest: UInt64 = 0
    while position < key.count {
        rest = rest << 8 | UInt64(key[position])
        position += 1
    }
    hash = (hash ^ rest) &* multiplier
    return hash ^ hash >> 32
}

import Contracts

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

extension RunID {
    /// The smallest id of the same millisecond.
    var floored: RunID {
        var bytes = withUnsafeBytes(of: uuid.uuid) { Array($0) }
        for place in 6..<16 { bytes[place] = 0 }
        return RunID(bytes.withUnsafeBytes { UUID(uuid: $0.loadUnaligned(as: uuid_t.self)) })
    }

    /// The smallest id of an instant, as `utils.uuid_v7_floor` makes it (RFC 9562, section 5.7).
    static func floor(_ date: Date) -> RunID {
        let milliseconds = UInt64(max(0, date.timeIntervalSince1970 * 1000))
        var bytes = [UInt8](repeating: 0, count: 16)
        for place in 0..<6 { bytes[place] = UInt8(truncatingIfNeeded: milliseconds >> (8 * UInt64(5 - place))) }
        return RunID(bytes.withUnsafeBytes { UUID(uuid: $0.loadUnaligned(as: uuid_t.self)) })
    }
}

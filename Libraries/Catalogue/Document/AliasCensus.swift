/// Counts the aliases of a YAML text before it is parsed, because parsing already walks what they stand for.
///
/// An alias (`*name`) counts if the text has an anchor (`&name`) of that name somewhere. Inside quotes and comments this may
/// count too many, never too few: YAML has an alias only where `*` begins a token, and refuses one without an anchor.
enum AliasCensus {
    /// The number of aliases, at most `bound + 1`.
    static func count(in text: String, upTo bound: Int) -> Int {
        var text = text
        return text.withUTF8 { bytes in
            let anchors = Set(names(after: UInt8(ascii: "&"), in: bytes))
            guard !anchors.isEmpty else { return 0 }
            var count = 0
            for name in names(after: UInt8(ascii: "*"), in: bytes) where anchors.contains(name) {
                count += 1
                if count > bound { break }
            }
            return count
        }
    }

    private static func names(after mark: UInt8, in bytes: UnsafeBufferPointer<UInt8>) -> [Substring] {
        var names: [Substring] = []
        var index = 0
        while index < bytes.count {
            defer { index += 1 }
            guard bytes[index] == mark else { continue }
            let start = index + 1
            var end = start
            while end < bytes.count, isNameByte(bytes[end]) { end += 1 }
            if end > start { names.append(Substring(decoding: bytes[start..<end], as: UTF8.self)) }
        }
        return names
    }

    /// What libyaml takes into an anchor's name: letters, digits, `_` and `-`.
    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}

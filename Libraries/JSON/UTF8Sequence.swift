/// One character of several bytes in UTF-8, after table 3-7 of the Unicode standard.
enum UTF8Sequence {
    case complete(length: Int)
    /// The bytes so far are the beginning of a character, and the input ends.
    case cutOff
    case invalid

    /// Judges the sequence whose lead byte (0x80 or above) stands at `position`.
    static func length(in bytes: UnsafeRawBufferPointer, at position: Int) -> UTF8Sequence {
        let lead = bytes[position]
        let length: Int
        // The second byte's range excludes overlong forms, surrogates and everything above U+10FFFF.
        let second: ClosedRange<UInt8>
        switch lead {
        case 0xC2...0xDF: (length, second) = (2, 0x80...0xBF)
        case 0xE0: (length, second) = (3, 0xA0...0xBF)
        case 0xED: (length, second) = (3, 0x80...0x9F)
        case 0xE1...0xEF: (length, second) = (3, 0x80...0xBF)
        case 0xF0: (length, second) = (4, 0x90...0xBF)
        case 0xF1...0xF3: (length, second) = (4, 0x80...0xBF)
        case 0xF4: (length, second) = (4, 0x80...0x8F)
        default: return .invalid
        }
        for offset in 1..<length {
            guard position + offset < bytes.count else { return .cutOff }
            let range = offset == 1 ? second : 0x80...0xBF
            guard range.contains(bytes[position + offset]) else { return .invalid }
        }
        return .complete(length: length)
    }
}

extension JSONScanner {
    /// The string that a string literal in well-formed JSON stands for; `nil` if the text is something else. Surrogates
    /// that stand alone become U+FFFD, as they have no place in UTF-8.
    static func string(_ literal: UnsafeRawBufferPointer) -> String? {
        guard literal.count >= 2, literal[0] == UInt8(ascii: "\"") else { return nil }
        let content = UnsafeRawBufferPointer(rebasing: literal[1..<literal.count - 1])
        guard content.contains(UInt8(ascii: "\\")) else { return String(decoding: content, as: UTF8.self) }
        var units: [UInt16] = []
        var plain = content.startIndex
        var index = plain
        while index < content.count {
            guard content[index] == UInt8(ascii: "\\") else {
                index += 1
                continue
            }
            units += String(decoding: content[plain..<index], as: UTF8.self).utf16
            guard let (unit, length) = escape(content, at: index + 1) else { return nil }
            units.append(unit)
            index += 1 + length
            plain = index
        }
        units += String(decoding: content[plain...], as: UTF8.self).utf16
        return String(decoding: units, as: UTF16.self)
    }

    /// The UTF-16 unit that the characters after a backslash stand for, and how many they are.
    private static func escape(_ content: UnsafeRawBufferPointer, at index: Int) -> (UInt16, Int)? {
        guard index < content.count else { return nil }
        switch content[index] {
        case UInt8(ascii: "b"): return (0x08, 1)
        case UInt8(ascii: "f"): return (0x0C, 1)
        case UInt8(ascii: "n"): return (0x0A, 1)
        case UInt8(ascii: "r"): return (0x0D, 1)
        case UInt8(ascii: "t"): return (0x09, 1)
        case UInt8(ascii: "u"):
            guard index + 4 < content.count else { return nil }
            var unit: UInt16 = 0
            for offset in 1...4 {
                guard let digit = hexValue(content[index + offset]) else { return nil }
                unit = unit << 4 | UInt16(digit)
            }
            return (unit, 5)
        case let character: return (UInt16(character), 1)
        }
    }

    static func hexValue(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}

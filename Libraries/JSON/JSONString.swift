/// From JSON string text to characters and back, on bytes.
public enum JSONString {
    /// Appends the text of a validated JSON string (without its quotes) to `output`, escapes resolved. Half surrogate pairs become
    /// U+FFFD.
    public static func unescape(_ raw: UnsafeRawBufferPointer, into output: inout [UInt8]) {
        output.reserveCapacity(output.count + raw.count)
        var position = 0
        while position < raw.count {
            let run = raw[position...].firstIndex(of: UInt8(ascii: "\\")) ?? raw.count
            output.append(contentsOf: UnsafeRawBufferPointer(rebasing: raw[position..<run]))
            position = run
            guard position + 1 < raw.count else { return }
            position += 2
            switch raw[position - 1] {
            case UInt8(ascii: "b"): output.append(0x08)
            case UInt8(ascii: "f"): output.append(0x0C)
            case UInt8(ascii: "n"): output.append(0x0A)
            case UInt8(ascii: "r"): output.append(0x0D)
            case UInt8(ascii: "t"): output.append(0x09)
            case UInt8(ascii: "u"): output.append(contentsOf: scalar(in: raw, after: &position).utf8)
            case let byte: output.append(byte)
            }
        }
    }

    /// The text of a validated JSON string (without its quotes); half surrogate pairs become U+FFFD.
    static func unescaped(_ raw: UnsafeRawBufferPointer) -> String {
        var output: [UInt8] = []
        unescape(raw, into: &output)
        return String(decoding: output, as: UTF8.self)
    }

    /// Reads the digits of `\uXXXX` at `position`, and the second escape of a surrogate pair.
    private static func scalar(in raw: UnsafeRawBufferPointer, after position: inout Int) -> Unicode.Scalar {
        guard let high = codeUnit(in: raw, at: position) else { return "\u{FFFD}" }
        position += 4
        if let scalar = Unicode.Scalar(high) { return scalar }
        guard high < 0xDC00, position + 1 < raw.count, raw[position] == UInt8(ascii: "\\"),
            raw[position + 1] == UInt8(ascii: "u"), let low = codeUnit(in: raw, at: position + 2),
            (0xDC00...0xDFFF).contains(low)
        else { return "\u{FFFD}" }
        position += 6
        return Unicode.Scalar(0x10000 + (high - 0xD800) << 10 + (low - 0xDC00)) ?? "\u{FFFD}"
    }

    private static func codeUnit(in raw: UnsafeRawBufferPointer, at position: Int) -> UInt32? {
        guard position + 4 <= raw.count else { return nil }
        var unit: UInt32 = 0
        for digit in raw[position..<position + 4] {
            guard let value = hexadecimalValue(digit) else { return nil }
            unit = unit << 4 | UInt32(value)
        }
        return unit
    }

    static func hexadecimalValue(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    /// Appends UTF-8 text as the inside of a JSON string: quotes, backslashes and control characters are escaped, all else stays.
    public static func escape(_ text: UnsafeRawBufferPointer, into output: inout [UInt8]) {
        var position = 0
        while true {
            let run = plainEnd(of: text, from: position)
            output.append(contentsOf: UnsafeRawBufferPointer(rebasing: text[position..<run]))
            guard run < text.count else { return }
            appendEscape(of: text[run], to: &output)
            position = run + 1
        }
    }

    private static func appendEscape(of byte: UInt8, to output: inout [UInt8]) {
        output.append(UInt8(ascii: "\\"))
        switch byte {
        case 0x08: output.append(UInt8(ascii: "b"))
        case 0x09: output.append(UInt8(ascii: "t"))
        case 0x0A: output.append(UInt8(ascii: "n"))
        case 0x0C: output.append(UInt8(ascii: "f"))
        case 0x0D: output.append(UInt8(ascii: "r"))
        case 0..<0x20:
            output.append(contentsOf: "u00".utf8)
            output.append(byte < 0x10 ? UInt8(ascii: "0") : UInt8(ascii: "1"))
            let low = byte & 0x0F
            output.append(low < 10 ? UInt8(ascii: "0") + low : UInt8(ascii: "a") + low - 10)
        default: output.append(byte)
        }
    }

    /// The end of the longest stretch from `start` that needs no escape, eight bytes at a time.
    private static func plainEnd(of text: UnsafeRawBufferPointer, from start: Int) -> Int {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let tops: UInt64 = 0x8080_8080_8080_8080
        var position = start
        while position + 8 <= text.count {
            let word = text.loadUnaligned(fromByteOffset: position, as: UInt64.self)
            // The classic test for a zero byte, applied to each byte's difference from what is looked for.
            let quote = word ^ (ones &* 0x22)
            let backslash = word ^ (ones &* 0x5C)
            let control = (word &- ones &* 0x20) & ~word
            let found = control | ((quote &- ones) & ~quote) | ((backslash &- ones) & ~backslash)
            guard found & tops == 0 else { break }
            position += 8
        }
        while position < text.count {
            let byte = text[position]
            if byte < 0x20 || byte == 0x22 || byte == 0x5C { break }
            position += 1
        }
        return position
    }
}

/// Reads numbers and signs from a short text, byte by byte.
struct DigitScanner {
    private let bytes: [UInt8]
    private var position = 0

    init(_ text: String) {
        bytes = Array(text.utf8)
    }

    var isAtEnd: Bool { position == bytes.count }

    /// Steps over a character of ASCII, if it is the next one.
    mutating func skip(_ character: Unicode.Scalar) -> Bool {
        guard position < bytes.count, UInt32(bytes[position]) == character.value else { return false }
        position += 1
        return true
    }

    /// As many digits as follow, if their number is within bounds; of more than the upper bound, that many.
    mutating func digits(_ count: ClosedRange<Int>) -> String? {
        let digits = bytes[position...].prefix(count.upperBound).prefix { $0 &- UInt8(ascii: "0") < 10 }
        guard digits.count >= count.lowerBound else { return nil }
        position = digits.endIndex
        return String(decoding: digits, as: UTF8.self)
    }

    mutating func number(digits count: ClosedRange<Int>) -> Int? { digits(count).flatMap { Int($0) } }

    /// The letters that follow, as small letters.
    mutating func letters() -> String {
        let letters = bytes[position...].prefix { ($0 | 0x20) &- UInt8(ascii: "a") < 26 }
        position = letters.endIndex
        return String(decoding: letters, as: UTF8.self).lowercased()
    }

    /// A zone as minutes ahead of UTC: `Z`, `+02:00`, `+0200`, `+02`.
    mutating func zone() -> Int? {
        if skip("Z") || skip("z") { return 0 }
        let isAhead = skip("+")
        guard isAhead || skip("-"), let hours = number(digits: 2...2) else { return nil }
        var minutes = 0
        if skip(":") || !isAtEnd {
            guard let digits = number(digits: 2...2) else { return nil }
            minutes = digits
        }
        guard hours < 24, minutes < 60 else { return nil }
        return isAhead ? hours * 60 + minutes : -(hours * 60 + minutes)
    }
}

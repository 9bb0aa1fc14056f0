/// The range of Postgres's type `numeric`, in which `jsonb` keeps its numbers.
///
/// The manual, section 8.1.2: up to 131,072 digits before the decimal point; up to 16,383 digits after it.
enum NumericRange {
    static let integerDigitsMax = 131_072
    static let fractionDigitsMax = 16_383
    /// Exponents with more digits than this are beyond the range whatever the digits in front are, short of a zero.
    private static let exponentDigitsMax = 9

    /// How many digits a number of valid JSON text has when it is written out, as `jsonb` does; nil when it cannot be stored.
    static func digits(of text: UnsafeRawBufferPointer) -> Int? {
        // No exponent and this short: nothing can be too long.
        let hasExponent = text.contains { $0 | 0x20 == UInt8(ascii: "e") }
        guard hasExponent || text.count > fractionDigitsMax else { return text.count }
        var integerDigits = 0
        var fractionDigits = 0
        // Zeros in front of the first digit that counts, from the left; nil once that digit was met.
        var leadingZeros: Int? = 0
        var inFraction = false
        var position = 0
        while position < text.count {
            let byte = text[position]
            position += 1
            if byte | 0x20 == UInt8(ascii: "e") { break }
            if byte == UInt8(ascii: ".") { inFraction = true }
            guard byte &- UInt8(ascii: "0") < 10 else { continue }
            if inFraction { fractionDigits += 1 } else { integerDigits += 1 }
            guard let zeros = leadingZeros else { continue }
            if byte == UInt8(ascii: "0") {
                leadingZeros = zeros + 1
            } else {
                leadingZeros = nil
                integerDigits -= zeros
            }
        }
        let isZero = leadingZeros != nil
        guard let exponent = exponent(text, from: position) else { return nil }
        // `integerDigits` is now counted from the first digit that counts: negative for 0.001.
        let before = isZero ? 1 : integerDigits + exponent
        let after = fractionDigits - exponent
        if before > integerDigitsMax || after > fractionDigitsMax { return nil }
        return max(before, 1) + max(after, 0)
    }

    private static func exponent(_ text: UnsafeRawBufferPointer, from start: Int) -> Int? {
        guard start < text.count else { return 0 }
        let isNegative = text[start] == UInt8(ascii: "-")
        let digits = text[start...].drop { $0 &- UInt8(ascii: "0") >= 10 || $0 == UInt8(ascii: "0") }
        guard digits.count <= exponentDigitsMax else { return nil }
        let magnitude = digits.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
        return isNegative ? -magnitude : magnitude
    }
}

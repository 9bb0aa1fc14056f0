/// Reads a length of time as a person writes it: a number and a unit, `250ms`, `1.5s`, `5m`, `2h`, `7d`; `0` needs no unit.
public enum DurationText {
    /// The duration, or nil when the text has another form or is negative.
    public static func parse(_ text: String) -> Duration? {
        guard let (number, unit) = splitQuantity(text) else { return nil }
        let nanosecondsPerUnit: Double
        switch unit {
        case "us": nanosecondsPerUnit = 1e3
        case "ms": nanosecondsPerUnit = 1e6
        case "s": nanosecondsPerUnit = 1e9
        case "m": nanosecondsPerUnit = 60e9
        case "h": nanosecondsPerUnit = 3_600e9
        case "d": nanosecondsPerUnit = 86_400e9
        case "" where number == 0: return .zero
        default: return nil
        }
        guard let nanoseconds = Int64(exactly: (number * nanosecondsPerUnit).rounded()) else { return nil }
        return .nanoseconds(nanoseconds)
    }
}

/// Reads a number of bytes as a person writes it: `65536`, `64KiB`, `8MiB`, `1GiB` (powers of 1024), `64KB`, `8MB`, `1GB` (of 1000).
enum ByteCountText {
    /// The number of bytes, or nil when the text has another form, is negative or does not fit.
    static func parse(_ text: String) -> Int? {
        guard let (number, unit) = splitQuantity(text) else { return nil }
        let bytesPerUnit: Double
        switch unit.lowercased() {
        case "", "b": bytesPerUnit = 1
        case "kb": bytesPerUnit = 1e3
        case "mb": bytesPerUnit = 1e6
        case "gb": bytesPerUnit = 1e9
        case "kib": bytesPerUnit = 1_024
        case "mib": bytesPerUnit = 1_048_576
        case "gib": bytesPerUnit = 1_073_741_824
        default: return nil
        }
        return Int(exactly: (number * bytesPerUnit).rounded())
    }
}

/// Splits `1.5s` into 1.5 and `s`; nil when there is no number, or one with a sign or an exponent.
private func splitQuantity(_ text: String) -> (number: Double, unit: String)? {
    let digits = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
    guard let number = Double(digits), number.isFinite else { return nil }
    return (number, trimmed(text[digits.endIndex...]))
}

/// The text without blanks and tabs at its ends.
func trimmed(_ text: some StringProtocol) -> String {
    let isBlank: (Character) -> Bool = { $0 == " " || $0 == "\t" || $0 == "\r" }
    return String(text.drop(while: isBlank).reversed().drop(while: isBlank).reversed())
}

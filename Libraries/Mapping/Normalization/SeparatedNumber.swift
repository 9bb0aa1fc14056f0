import JSON

/// Numbers as people write them: `1,234.5`, `1.234,5`, `1 234`, `1'234.50`, `−5`.
///
/// Groups have three digits and are separated alike: by a comma, a point, an apostrophe or a space. Where the decimal sign is not
/// declared it follows from the text, or not at all: of two different signs the second is the decimal sign, one that stands twice is
/// none, and `1.234` may mean either, so that it is no number here.
public enum SeparatedNumber {
    /// What separates the whole part from the fraction.
    public enum DecimalSign: String, Sendable, Hashable, CaseIterable {
        /// As in 1,234.5.
        case point = "."
        /// As in 1.234,5.
        case comma = ","
    }

    /// The number as JSON text, or nil if it is none or may be two.
    static func normalized(_ text: String, decimal: DecimalSign?) -> String? {
        let text = text.trimmingWhitespace()
        if isScientific(text) { return text }
        guard let decimal else {
            let readings = readings(of: text)
            return readings.count == 1 ? readings[0] : nil
        }
        return reading(of: text, decimal)
    }

    /// Both meanings of a text that has two.
    static func ambiguity(of text: String) -> (String, String)? {
        let readings = readings(of: text.trimmingWhitespace())
        return readings.count == 2 ? (readings[0], readings[1]) : nil
    }

    /// What the text means with either decimal sign; each meaning once.
    private static func readings(of text: String) -> [String] {
        let all = DecimalSign.allCases.compactMap { reading(of: text, $0) }
        return all.count == 2 && all[0] == all[1] ? [all[0]] : all
    }

    private static func reading(of text: String, _ decimal: DecimalSign) -> String? {
        var rest = Substring(text)
        let sign = rest.first.flatMap { $0 == "-" || $0 == "\u{2212}" ? "-" : $0 == "+" ? "" : nil }
        if sign != nil { rest.removeFirst() }
        let parts = rest.split(separator: Character(decimal.rawValue), omittingEmptySubsequences: false)
        // `.5` is written too.
        guard parts.count <= 2, let whole = parts[0].isEmpty && parts.count == 2 ? "0" : wholePart(parts[0])
        else { return nil }
        let number = (sign ?? "") + whole
        guard parts.count == 2 else { return number }
        guard !parts[1].isEmpty, parts[1].utf8.allSatisfy(isDigit) else { return nil }
        return number + "." + parts[1]
    }

    /// Digits, in groups or not, without zeros in front.
    private static func wholePart(_ text: Substring) -> String? {
        guard let first = text.utf8.first, isDigit(first) else { return nil }
        var digits = String(text)
        if let separator = text.first(where: { !($0.isASCII && $0.isWholeNumber) }) {
            guard separators.contains(separator) else { return nil }
            let groups = text.split(separator: separator, omittingEmptySubsequences: false)
            // A number in groups begins with the digit that counts most: 0.123 is none of them.
            guard groups[0].utf8.count <= 3, groups[0].utf8.first != UInt8(ascii: "0"),
                groups.dropFirst().allSatisfy({ $0.utf8.count == 3 })
            else { return nil }
            digits = groups.joined()
        }
        guard digits.utf8.allSatisfy(isDigit) else { return nil }
        let counting = digits.drop { $0 == "0" }
        return counting.isEmpty ? "0" : String(counting)
    }

    /// What may stand between groups; the decimal sign is gone from the text by then.
    private static let separators: Set<Character> = [
        ",", ".", "'", "\u{2019}", " ", "\u{A0}", "\u{2009}", "\u{202F}",
    ]

    /// A JSON number with an exponent, which nobody writes with separators.
    private static func isScientific(_ text: String) -> Bool {
        text.utf8.contains { $0 | 0x20 == UInt8(ascii: "e") } && JSONNumber(text) != nil
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "0") < 10 }
}

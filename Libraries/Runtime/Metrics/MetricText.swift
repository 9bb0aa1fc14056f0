/// The spelling rules of Prometheus' text format 0.0.4
/// (https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format).
enum MetricText {
    /// A metric's name: letters, digits, `_` and `:`, not beginning with a digit; anything else becomes `_`.
    static func name(_ raw: String) -> String { identifier(raw, allowsColon: true) }

    /// Labels as printed between the braces, sorted by name so that their order at the place of use does not matter.
    static func labels(_ labels: [(String, String)]) -> String {
        labels.sorted { $0.0 < $1.0 }
            .map { "\(identifier($0.0, allowsColon: false))=\"\(escapedValue($0.1))\"" }
            .joined(separator: ",")
    }

    /// A sample's value; infinities and NaN as the format spells them, whole numbers without a fraction.
    static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value > 0 ? "+Inf" : "-Inf" }
        if let whole = Int64(exactly: value) { return String(whole) }
        return value.description
    }

    /// A help text: backslash and line feed escaped.
    static func escapedHelp(_ text: String) -> String { escaped(text, quotes: false) }

    private static func escapedValue(_ text: String) -> String { escaped(text, quotes: true) }

    private static func escaped(_ text: String, quotes: Bool) -> String {
        guard text.utf8.contains(where: { $0 == 0x5C || $0 == 0x0A || (quotes && $0 == 0x22) }) else { return text }
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\"" where quotes: result += "\\\""
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    private static func identifier(_ raw: String, allowsColon: Bool) -> String {
        var result = ""
        for scalar in raw.unicodeScalars {
            let isLetter = ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar) || scalar == "_"
            let isDigit = ("0"..."9").contains(scalar)
            if isDigit, result.isEmpty { result = "_" }
            result.unicodeScalars.append(isLetter || isDigit || (allowsColon && scalar == ":") ? scalar : "_")
        }
        return result.isEmpty ? "_" : result
    }
}

/// Countries of ISO 3166-1: their codes and English names.
enum Country {
    /// The two-letter code that a two-letter code, a three-letter code or a name stands for; nil if none does, or several may.
    static func code(of text: String) -> String? { codes[key(text)] }

    /// Codes by the key of everything that stands for them.
    static let codes: [String: String] = {
        var codes: [String: String] = [:]
        for line in table.split(separator: "\n") {
            let columns = line.split(separator: " ", maxSplits: 2)
            let code = String(columns[0])
            for name in [columns[0], columns[1]] + columns[2].split(separator: ";") { codes[key(String(name))] = code }
        }
        return codes
    }()

    /// What names that are written differently have in common: words in small letters, no marks, no article, "Saint" and "and" in full.
    static func key(_ text: String) -> String {
        let marks = ".'\u{2019}`"
        let words = text.lowercased().filter { !marks.contains($0) }
            .split { !$0.isLetter && !$0.isNumber && $0 != "&" }
        return words.map { $0 == "&" ? "and" : $0 == "st" ? "saint" : $0 }
            .drop { $0 == "the" }
            .joined(separator: " ")
    }
}

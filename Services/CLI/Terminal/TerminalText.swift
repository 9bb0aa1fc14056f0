/// Text of others made fit for a terminal.
enum TerminalText {
    /// The text on one line, without anything that a terminal would obey: control characters, among them the escape that begins
    /// commands, and the marks that change the direction of writing.
    static func safe(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: isUnsafe) else { return text }
        var safe = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\n", "\r", "\t": safe.unicodeScalars.append(" ")
            case let scalar where isUnsafe(scalar): safe.unicodeScalars.append("\u{FFFD}")
            default: safe.unicodeScalars.append(scalar)
            }
        }
        return safe
    }

    /// The beginning of a text that fits into `width` columns, with … where it was cut.
    static func truncated(_ text: String, width: Int) -> String {
        guard width > 0 else { return "" }
        guard DisplayWidth.of(text) > width else { return text }
        var used = 0
        var kept = ""
        for character in text {
            let next = used + DisplayWidth.of(character)
            guard next <= width - 1 else { break }
            kept.append(character)
            used = next
        }
        return kept + "…"
    }

    /// The text in lines of at most `width` columns, broken between words, or within one that is longer than a line.
    static func wrapped(_ text: String, width: Int) -> [String] {
        let width = max(width, 2)
        guard DisplayWidth.of(text) > width else { return [text] }
        var lines: [String] = []
        var line = ""
        for word in text.split(separator: " ").map(String.init) {
            let longer = line.isEmpty ? word : "\(line) \(word)"
            if DisplayWidth.of(longer) <= width {
                line = longer
                continue
            }
            if !line.isEmpty { lines.append(line) }
            line = ""
            for character in word {
                if DisplayWidth.of(line) + DisplayWidth.of(character) > width {
                    lines.append(line)
                    line = ""
                }
                line.append(character)
            }
        }
        return line.isEmpty ? lines : lines + [line]
    }

    /// The text with blanks behind or before it so that it takes `width` columns.
    static func padded(_ text: String, width: Int, isRight: Bool = false) -> String {
        let blanks = String(repeating: " ", count: max(0, width - DisplayWidth.of(text)))
        return isRight ? blanks + text : text + blanks
    }

    private static func isUnsafe(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7F..<0xA0, 0x2028...0x202E, 0x2066...0x2069: true
        default: false
        }
    }
}

import JSON

/// Makes an object's name of a match.
enum ObjectName {
    case name(String)
    /// There is nothing: `null`, or text without a visible character.
    case none
    /// What was found cannot be a name.
    case unsuitable(String)

    static func make(
        _ match: PatternWalk.Match, of tape: JSONTape, _ kind: ObjectNameKind
    ) throws(MappingError) -> ObjectName {
        let node = match.node
        if kind == .key, match.target.endsInAnyChild {
            if match.index < 0 {
                // A member of an object: the key stands in front of its value.
                try Storability.checkText(node - 1, of: tape)
                return trimmed(tape.string(node - 1))
            }
            if tape.kind(node) == .object || tape.kind(node) == .array { return .name(String(match.index)) }
        }
        switch tape.kind(node) {
        case .null: return .none
        case .string:
            try Storability.checkText(node, of: tape)
            return trimmed(kind == .value ? normalized(tape.string(node)) : tape.string(node))
        case .number: return .name(String(decoding: tape.bytes(node), as: UTF8.self))
        case .true: return .name("true")
        case .false: return .name("false")
        case .array: return .unsuitable("an array")
        case .object: return .unsuitable("an object")
        }
    }

    private static func trimmed(_ text: String) -> ObjectName {
        let text = text.trimmingWhitespace()
        return text.isEmpty ? .none : .name(text)
    }

    /// The host of a URL without `www.`, the domain of an e-mail address, else the trimmed text. Hosts and domains are lower-cased.
    static func normalized(_ text: String) -> String {
        let text = text.trimmingWhitespace()
        return host(ofURL: text) ?? domain(ofEmail: text) ?? text
    }

    private static func host(ofURL text: String) -> String? {
        guard let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")), colon != text.startIndex,
            text[colon...].hasPrefix("://"),
            text[..<colon].utf8.allSatisfy({ isLetterOrDigit($0) || "+-.".utf8.contains($0) })
        else { return nil }
        let rest = text[colon...].dropFirst(3)
        var authority = rest.prefix { !"/?#\\".contains($0) }
        if let at = authority.lastIndex(of: "@") { authority = authority[authority.index(after: at)...] }
        if authority.hasPrefix("[") { return String(authority.prefix { $0 != "]" }) + "]" }
        var host = authority.prefix { $0 != ":" }.lowercased()
        while host.hasSuffix(".") { host.removeLast() }
        if host.hasPrefix("www."), host.utf8.count > 4 { host.removeFirst(4) }
        return host.isEmpty ? nil : host
    }

    private static func domain(ofEmail text: String) -> String? {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty, parts[1].contains("."), !parts[1].hasPrefix("."),
            !parts[1].hasSuffix("."), !text.contains(where: \.isWhitespace),
            parts[1].utf8.allSatisfy({ isLetterOrDigit($0) || "-.".utf8.contains($0) || $0 >= 0x80 })
        else { return nil }
        return parts[1].lowercased()
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        byte &- UInt8(ascii: "0") < 10 || (byte | 0x20) &- UInt8(ascii: "a") < 26
    }
}

extension String {
    /// The text without white space at both ends.
    func trimmingWhitespace() -> String {
        guard let first = firstIndex(where: { !$0.isWhitespace }),
            let last = lastIndex(where: { !$0.isWhitespace })
        else { return "" }
        return first == startIndex && index(after: last) == endIndex ? self : String(self[first...last])
    }
}

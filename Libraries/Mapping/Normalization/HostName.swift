/// The host of a URL, or the domain of an e-mail address: what tells that several addresses belong to the same owner.
enum HostName {
    /// The host of a URL without `www.`, the domain of an e-mail address, else the trimmed text. Hosts and domains are in small letters.
    static func normalized(_ text: String) -> String {
        let text = text.trimmingWhitespace()
        return host(ofURL: text) ?? domain(ofEmail: text) ?? text
    }

    private static func host(ofURL text: String) -> String? {
        guard let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")), let first = text.utf8.first, isLetter(first),
            text[colon...].hasPrefix("://"),
            text[..<colon].utf8.allSatisfy({ isLetter($0) || isDigit($0) || "+-.".utf8.contains($0) })
        else { return nil }
        let rest = text[colon...].dropFirst(3)
        var authority = rest.prefix { !"/?#\\".contains($0) }
        if let at = authority.lastIndex(of: "@") { authority = authority[authority.index(after: at)...] }
        if authority.hasPrefix("[") { return String(authority.prefix { $0 != "]" }).lowercased() + "]" }
        var host = authority.prefix { $0 != ":" }.lowercased()
        while host.hasSuffix(".") { host.removeLast() }
        if host.hasPrefix("www."), host.utf8.count > 4 { host.removeFirst(4) }
        return host.isEmpty ? nil : host
    }

    private static func domain(ofEmail text: String) -> String? {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty, !text.contains(where: \.isWhitespace) else { return nil }
        let labels = parts[1].split(separator: ".", omittingEmptySubsequences: false)
        guard labels.count > 1, labels.allSatisfy({ !$0.isEmpty }),
            parts[1].utf8.allSatisfy({ isLetter($0) || isDigit($0) || "-.".utf8.contains($0) || $0 >= 0x80 })
        else { return nil }
        return parts[1].lowercased()
    }

    private static func isLetter(_ byte: UInt8) -> Bool { (byte | 0x20) &- UInt8(ascii: "a") < 26 }
    private static func isDigit(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "0") < 10 }
}

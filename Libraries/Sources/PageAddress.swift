import Templates

/// Addresses of pages. Credentials go to the server that the source names and to no other, so the next page must be there too. Pure.
public enum PageAddress {
    /// An address with a query parameter set: others of its name are taken out, the rest stays as it is.
    ///
    /// - Parameter shown: for eyes only: the value is not encoded.
    public static func setting(_ name: String, to value: String, in address: String, shown: Bool = false) -> String {
        let name = encoded(name)
        let (base, query) = split(address)
        let kept = (query ?? "").split(separator: "&", omittingEmptySubsequences: true).filter {
            $0.prefix { $0 != "=" } != name
        }
        let parameters = kept.map(String.init) + ["\(name)=\(shown ? value : encoded(value))"]
        return "\(base)?\(parameters.joined(separator: "&"))"
    }

    /// The address that a reference means on a page (RFC 3986, section 5.2).
    ///
    /// - Throws: ``PageRefusal`` if it is at another server, or no address.
    public static func resolve(_ reference: String, on page: String) throws(PageRefusal) -> String {
        let text = String(reference.trimmingWhitespace().prefix { $0 != "#" })
        guard let base = Parts(page) else { throw .noAddress }
        if let scheme = scheme(of: text) {
            guard scheme == "http" || scheme == "https", let parts = Parts(text) else { throw .noAddress }
            return try join(base, parts)
        }
        if text.hasPrefix("//") {
            guard let parts = Parts("\(base.scheme):\(text)") else { throw .noAddress }
            return try join(base, parts)
        }
        if text.hasPrefix("/") { return base.origin + literal(text) }
        let (path, _) = split(base.tail)
        if text.isEmpty { return page }
        if text.hasPrefix("?") { return base.origin + path + literal(text) }
        let (relative, search) = split(text)
        let folder = path.isEmpty ? "/" : String(path[...(path.lastIndex(of: "/") ?? path.startIndex)])
        return base.origin + literal(withoutDots(folder + relative)) + (search.map { "?" + literal($0) } ?? "")
    }

    /// The way to the page is joined to the server as the source names it: however the reference spells the server, or hides another
    /// in it, it is not called.
    private static func join(_ base: Parts, _ other: Parts) throws(PageRefusal) -> String {
        guard base.server == other.server else { throw .anotherServer }
        return base.origin + (other.tail.hasPrefix("/") ? "" : "/") + literal(other.tail)
    }

    private struct Parts {
        let scheme: String
        /// Scheme and authority as written.
        let origin: String
        /// Scheme, host and port to compare by.
        let server: String
        /// Path and query.
        let tail: String

        init?(_ address: String) {
            guard let scheme = PageAddress.scheme(of: address) else { return nil }
            let rest = address.dropFirst(scheme.utf8.count + 1)
            guard rest.hasPrefix("//") else { return nil }
            let authority = rest.dropFirst(2).prefix { $0 != "/" && $0 != "?" && $0 != "\\" }
            guard !authority.isEmpty, !authority.contains("@") else { return nil }
            self.scheme = scheme
            origin = String(address[..<authority.endIndex])
            tail = String(address[authority.endIndex...].prefix { $0 != "#" })
            let host = authority.lowercased()
            let standard = scheme == "https" ? ":443" : ":80"
            // The colons of an IPv6 address stand in brackets.
            let hasPort = host[(host.lastIndex(of: "]") ?? host.startIndex)...].contains(":")
            server = "\(scheme)://\(hasPort ? host : host + standard)"
        }
    }

    /// The scheme in small letters; nil for a relative reference.
    private static func scheme(of text: String) -> String? {
        guard let colon = text.firstIndex(where: { ":/?".contains($0) }), text[colon] == ":" else { return nil }
        let scheme = text[..<colon].lowercased()
        guard let first = scheme.utf8.first, first &- UInt8(ascii: "a") < 26,
            scheme.utf8.allSatisfy({
                $0 &- UInt8(ascii: "a") < 26 || $0 &- UInt8(ascii: "0") < 10 || "+-.".utf8.contains($0)
            })
        else { return nil }
        return scheme
    }

    private static func split(_ address: some StringProtocol) -> (path: String, query: String?) {
        guard let mark = address.firstIndex(of: "?") else { return (String(address), nil) }
        return (String(address[..<mark]), String(address[address.index(after: mark)...]))
    }

    private static func withoutDots(_ path: String) -> String {
        var kept: [Substring] = []
        let segments = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        for (place, segment) in segments.enumerated() {
            let isLast = place == segments.count - 1
            switch segment {
            case ".": if isLast { kept.append("") }
            case "..":
                if !kept.isEmpty { kept.removeLast() }
                if isLast { kept.append("") }
            default: kept.append(segment)
            }
        }
        return "/" + kept.joined(separator: "/")
    }

    private static func encoded(_ text: String) -> String {
        var bytes: [UInt8] = []
        PercentEncoding.append(value: text, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func literal(_ text: String) -> String {
        String(decoding: PercentEncoding.literal(text), as: UTF8.self)
    }
}

extension String {
    fileprivate func trimmingWhitespace() -> Substring {
        let start = self[...].drop { $0.isWhitespace }
        guard let last = start.lastIndex(where: { !$0.isWhitespace }) else { return "" }
        return start[...last]
    }
}

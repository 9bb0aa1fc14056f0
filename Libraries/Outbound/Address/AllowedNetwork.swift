/// An entry of the allow list: a network, at every port or at one.
public struct AllowedNetwork: Sendable, Hashable {
    /// The addresses.
    public let range: AddressRange

    /// The one port that is meant; nil: all of them but those of Weir's own services.
    public let port: Int?

    /// An entry from its text: `10.0.0.0/8`, `fd00::/8`, or with a port `10.1.2.3:8080`, `10.0.0.0/8:443`, `[fd00::1]:443`.
    ///
    /// - Parameter text: The entry; `nil` results if it is malformed.
    public init?(_ text: some StringProtocol) {
        let (network, port) = Self.split(text)
        guard let range = AddressRange(network) else { return nil }
        if let port {
            guard let number = Self.portNumber(port) else { return nil }
            self.port = number
        } else {
            self.port = nil
        }
        self.range = range
    }

    /// The network and the text of the port. An IPv6 network that has a port stands in brackets, as in a URL.
    private static func split(_ text: some StringProtocol) -> (network: String, port: String?) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        if parts.count == 2 { return (String(parts[0]), String(parts[1])) }
        guard text.first == "[", let end = text.lastIndex(of: "]") else { return (String(text), nil) }
        let tail = text[text.index(after: end)...]
        // Brackets without a port are no form of a network; what is left of them is refused as one.
        guard tail.first == ":" else { return (String(text), nil) }
        return (String(text[text.index(after: text.startIndex)..<end]), String(tail.dropFirst()))
    }

    private static func portNumber(_ text: String) -> Int? {
        guard (1...5).contains(text.utf8.count), text.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let number = Int(text), (1...65_535).contains(number)
        else { return nil }
        return number
    }
}

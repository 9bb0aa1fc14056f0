import Templates

extension SecretReader {
    /// An address that the API gave, as it may be shown: it may repeat what was sent, in any encoding.
    func masked(address: String) -> String {
        guard !values.isEmpty else { return address }
        let parts = address.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let path = parts[0].split(separator: "/", omittingEmptySubsequences: false).map(masked)
        let shown = path.joined(separator: "/")
        guard parts.count == 2 else { return mask.masked(shown) }
        let parameters = parts[1].split(separator: "&", omittingEmptySubsequences: false).map { parameter in
            parameter.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(masked)
                .joined(separator: "=")
        }
        return mask.masked("\(shown)?\(parameters.joined(separator: "&"))")
    }

    /// A part of an address; the mask if there is a secret in it.
    private func masked(_ part: Substring) -> String {
        // A form writes a space as +, an address need not.
        let decoded = [Self.decoded(part), Self.decoded(part.replacing("+", with: " "))]
        let isSecret = values.contains { value in !value.isEmpty && decoded.contains { $0.contains(value) } }
        return isSecret ? TemplateVariable.mask : String(part)
    }

    private static func decoded(_ text: some StringProtocol) -> String {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), rest.count >= 2,
                let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
            {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

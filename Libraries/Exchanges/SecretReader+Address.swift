import Templates

extension SecretReader {
    /// An address that the API gave, as it may be shown: it may repeat what was sent, in any encoding.
    func masked(address: String) -> String {
        guard !values.isEmpty else { return address }
        let parts = address.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let path = mask.masked(String(parts[0]))
        guard parts.count == 2 else { return path }
        let parameters = parts[1].split(separator: "&", omittingEmptySubsequences: false).map { parameter in
            let decoded = Self.decoded(parameter)
            guard values.contains(where: { !$0.isEmpty && decoded.contains($0) }) else { return String(parameter) }
            return parameter.prefix { $0 != "=" } + "=" + TemplateVariable.mask
        }
        return "\(path)?\(parameters.joined(separator: "&"))"
    }

    private static func decoded(_ text: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), let value = UInt8(String(rest.prefix(2)) ?? "", radix: 16), rest.count >= 2 {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

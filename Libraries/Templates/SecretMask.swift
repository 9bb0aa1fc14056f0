import JSON

/// Takes the secrets of a request out of what comes back: an API may repeat what it was sent.
public struct SecretMask: Sendable {
    /// Each secret in every form in which a template writes it, the longest first, so that none is masked in part.
    private let spellings: [[UInt8]]

    /// A mask for the values of secrets.
    public init(_ secrets: [String]) {
        spellings = Set(secrets.filter { !$0.isEmpty }.flatMap(Self.spellings)).sorted { $0.count > $1.count }
    }

    /// The first bytes of a text, each secret replaced by ``TemplateVariable/mask``.
    ///
    /// - Returns: at most `bytesMax` bytes and a mask, and whether the text goes on behind them.
    public func beginning(of text: [UInt8], bytesMax: Int) -> (bytes: [UInt8], isCut: Bool) {
        var bytes: [UInt8] = []
        var position = 0
        while position < text.count, bytes.count < bytesMax {
            if let secret = spellings.first(where: { text[position...].starts(with: $0) }) {
                bytes += TemplateVariable.mask.utf8
                position += secret.count
            } else {
                bytes.append(text[position])
                position += 1
            }
        }
        return (bytes, position < text.count)
    }

    /// As it is, as in a URL, as in JSON.
    private static func spellings(of secret: String) -> [[UInt8]] {
        var encoded: [UInt8] = []
        PercentEncoding.append(value: secret, to: &encoded)
        return [Array(secret.utf8), encoded, Array(JSONValue.string(secret).encoded().dropFirst().dropLast())]
    }
}

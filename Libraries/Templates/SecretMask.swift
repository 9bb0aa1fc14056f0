import JSON

/// Takes the secrets of a request out of what comes back: an API may repeat what it was sent.
public struct SecretMask: Sendable {
    /// Each secret in every form in which a template writes it, the longest first, so that none is masked in part.
    private let spellings: [[UInt8]]
    /// The secrets as they are, the longest first.
    private let secrets: [[UInt8]]

    /// A mask for the values of secrets.
    public init(_ secrets: [String]) {
        spellings = Set(secrets.filter { !$0.isEmpty }.flatMap(Self.spellings)).sorted { $0.count > $1.count }
        self.secrets = Set(secrets).map { Array($0.utf8) }.filter { !$0.isEmpty }.sorted { $0.count > $1.count }
    }

    /// The first bytes of a text, each secret replaced by ``TemplateVariable/mask``.
    ///
    /// - Returns: at most `bytesMax` bytes and a mask, and whether the text goes on behind them.
    public func beginning(of text: [UInt8], bytesMax: Int) -> (bytes: [UInt8], isCut: Bool) {
        var bytes: [UInt8] = []
        var position = 0
        while position < text.count, bytes.count < bytesMax {
            if let length = lengthOfSecret(at: position, in: text) {
                bytes += TemplateVariable.mask.utf8
                position += length
            } else {
                bytes.append(text[position])
                position += 1
            }
        }
        return (bytes, position < text.count)
    }

    private func lengthOfSecret(at position: Int, in text: [UInt8]) -> Int? {
        if let spelling = spellings.first(where: { text[position...].starts(with: $0) }) { return spelling.count }
        return secrets.lazy.compactMap { Self.length(of: $0, at: position, in: text) }.first
    }

    /// How long a secret is that is escaped otherwise than templates do it: `%2f`, `\/` and `\u002B` are all that some encoders write.
    private static func length(of secret: [UInt8], at start: Int, in text: [UInt8]) -> Int? {
        var position = start
        var known = 0
        while known < secret.count {
            guard position < text.count else { return nil }
            if let (bytes, length) = escape(at: position, in: text), secret[known...].starts(with: bytes) {
                known += bytes.count
                position += length
            } else if text[position] == secret[known]
                || text[position] == UInt8(ascii: "+") && secret[known] == UInt8(ascii: " ")
            {
                known += 1
                position += 1
            } else {
                return nil
            }
        }
        return position - start
    }

    /// What an escape stands for, and how long it is.
    private static func escape(at start: Int, in text: [UInt8]) -> (bytes: [UInt8], length: Int)? {
        func number(at place: Int, digits: Int) -> UInt32? {
            guard place + digits <= text.count else { return nil }
            return UInt32(String(decoding: text[place..<place + digits], as: UTF8.self), radix: 16)
        }
        switch text[start] {
        case UInt8(ascii: "%"): return number(at: start + 1, digits: 2).map { ([UInt8($0)], 3) }
        case UInt8(ascii: "\\"):
            guard start + 1 < text.count else { return nil }
            guard text[start + 1] == UInt8(ascii: "u") else { return ([text[start + 1]], 2) }
            guard let unit = number(at: start + 2, digits: 4), let scalar = Unicode.Scalar(unit) else { return nil }
            return (Array(String(Character(scalar)).utf8), 6)
        default: return nil
        }
    }

    /// As it is, as in a URL, as in JSON.
    private static func spellings(of secret: String) -> [[UInt8]] {
        var encoded: [UInt8] = []
        PercentEncoding.append(value: secret, to: &encoded)
        return [Array(secret.utf8), encoded, Array(JSONValue.string(secret).encoded().dropFirst().dropLast())]
    }
}

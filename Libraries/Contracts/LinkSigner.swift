import Crypto

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Signs addresses below a public URL, each until a moment: whoever holds one may use it until then.
struct LinkSigner: Sendable {
    private let publicURL: String
    /// The first one signs.
    private let keys: [SymmetricKey]

    /// - Parameters:
    ///   - publicURL: where intake is reached from outside, such as `https://weir.example.com`.
    ///   - keys: what signs, and whose signatures are accepted.
    init(publicURL: String, keys: SigningKeys) {
        self.publicURL = publicURL.hasSuffix("/") ? String(publicURL.dropLast()) : publicURL
        self.keys = ([keys.current] + keys.old).map { SymmetricKey(data: SHA256.hash(data: Array($0.utf8))) }
    }

    /// The absolute address of a path, signed.
    ///
    /// - Parameters:
    ///   - path: with its query, if it has one.
    ///   - subject: what the signature is for; nothing else may be reached with it.
    ///   - expires: when it ends, in seconds since 1970.
    func link(to path: String, subject: String, expires: Int64) -> String {
        let code = HMAC<SHA256>.authenticationCode(for: Self.message(subject, expires), using: keys[0])
        let separator = path.utf8.contains(UInt8(ascii: "?")) ? "&" : "?"
        return "\(publicURL)\(path)\(separator)expires=\(expires)&signature=\(code.hexadecimal)"
    }

    /// Whether a signature is genuine and its time not over.
    func accepts(signature: String, of subject: String, expires: Int64, now: Int64) -> Bool {
        guard now < expires, let bytes = Data(hexadecimal: signature) else { return false }
        let message = Self.message(subject, expires)
        return keys.contains { HMAC<SHA256>.isValidAuthenticationCode(bytes, authenticating: message, using: $0) }
    }

    private static func message(_ subject: String, _ expires: Int64) -> [UInt8] { Array("\(subject).\(expires)".utf8) }
}

extension Sequence<UInt8> {
    /// Two lower-case digits for each byte.
    public var hexadecimal: String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}

extension Data {
    fileprivate init?(hexadecimal text: String) {
        let digits = text.utf8.compactMap { Character(UnicodeScalar($0)).hexDigitValue }
        guard digits.count == text.utf8.count, digits.count.isMultiple(of: 2) else { return nil }
        self.init(stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) })
    }
}

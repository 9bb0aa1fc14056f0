import Crypto

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Signed, expiring links to results: whoever holds the link may fetch that one result until it expires.
public struct ResultLinks: Sendable {
    /// A link and the moment of its end.
    public struct Link: Sendable, Equatable {
        /// The absolute URL.
        public let url: String
        /// When it ends, in seconds since 1970.
        public let expires: Int64
    }

    /// How long a link is good.
    public static let lifeSeconds: Int64 = 7 * 24 * 3600

    private let publicURL: String
    private let key: SymmetricKey

    /// Links below a public URL, signed with a key that intake and processors share.
    ///
    /// - Parameters:
    ///   - publicURL: where intake is reached from outside, such as `https://weir.example.com`.
    ///   - key: at least 16 characters; `WEIR_SIGNING_KEY`.
    public init?(publicURL: String, key: String) {
        guard key.utf8.count >= 16 else { return nil }
        self.publicURL = publicURL.hasSuffix("/") ? String(publicURL.dropLast()) : publicURL
        self.key = SymmetricKey(data: SHA256.hash(data: Array(key.utf8)))
    }

    /// A link to a request's result as NDJSON.
    public func link(to request: ActivityRequestID, now: Int64) -> Link {
        let expires = now + Self.lifeSeconds
        let url = "\(publicURL)/v1/activity-requests/\(request)/result?format=ndjson&expires=\(expires)"
        return Link(url: "\(url)&signature=\(signature(of: request, expires: expires))", expires: expires)
    }

    /// Whether a link's signature is genuine and its time not over.
    public func accepts(signature: String, of request: ActivityRequestID, expires: Int64, now: Int64) -> Bool {
        guard now < expires, let bytes = Data(hexadecimal: signature) else { return false }
        return HMAC<SHA256>.isValidAuthenticationCode(bytes, authenticating: Self.message(request, expires), using: key)
    }

    private func signature(of request: ActivityRequestID, expires: Int64) -> String {
        HMAC<SHA256>.authenticationCode(for: Self.message(request, expires), using: key).hexadecimal
    }

    private static func message(_ request: ActivityRequestID, _ expires: Int64) -> [UInt8] {
        Array("result.\(request).\(expires)".utf8)
    }
}

extension Sequence<UInt8> {
    /// Two lower-case digits for each byte.
    public var hexadecimal: String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}

extension Data {
    init?(hexadecimal text: String) {
        let digits = text.utf8.compactMap { Character(UnicodeScalar($0)).hexDigitValue }
        guard digits.count == text.utf8.count, digits.count.isMultiple(of: 2) else { return nil }
        self.init(stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) })
    }
}

import Crypto

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Signed, expiring addresses at which an API says that something has happened to a job: `<<$callback_url>>`.
///
/// What it says there is not believed; it only makes Weir look at the job at once.
public struct CallbackLinks: Sendable {
    private let publicURL: String
    private let key: SymmetricKey

    /// Addresses below a public URL, signed with a key that intake and executors share.
    ///
    /// - Parameters:
    ///   - publicURL: where intake is reached from outside, such as `https://weir.example.com`.
    ///   - key: at least 16 characters; `WEIR_SIGNING_KEY`.
    public init?(publicURL: String, key: String) {
        guard key.utf8.count >= 16 else { return nil }
        self.publicURL = publicURL.hasSuffix("/") ? String(publicURL.dropLast()) : publicURL
        self.key = SymmetricKey(data: SHA256.hash(data: Array(key.utf8)))
    }

    /// The address for an exchange's job.
    ///
    /// - Parameter expires: when it ends, in seconds since 1970.
    public func link(to exchange: RunRequestID, expires: Int64) -> String {
        let code = HMAC<SHA256>.authenticationCode(for: Self.message(exchange, expires), using: key)
        return "\(publicURL)/v1/callbacks/\(exchange)?expires=\(expires)&signature=\(code.hexadecimal)"
    }

    /// Whether an address's signature is genuine and its time not over.
    public func accepts(signature: String, of exchange: RunRequestID, expires: Int64, now: Int64) -> Bool {
        guard now < expires, let bytes = Data(hexadecimal: signature) else { return false }
        return HMAC<SHA256>.isValidAuthenticationCode(
            bytes, authenticating: Self.message(exchange, expires), using: key)
    }

    private static func message(_ exchange: RunRequestID, _ expires: Int64) -> [UInt8] {
        Array("callback.\(exchange).\(expires)".utf8)
    }
}

import Crypto

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The private key that signs an endpoint's deliveries when its receiver is to hold no secret: Ed25519, scheme `v1a` of Standard Webhooks.
public struct WebhookPrivateKey: Sendable {
    /// What a private key's text begins with.
    public static let prefix = "whsk_"

    private let key: Curve25519.Signing.PrivateKey

    /// Reads a key as people hold it: `whsk_` and in base64 either the seed of 32 bytes, or the seed and behind it the public key.
    ///
    /// - Throws: ``WebhookSignatureError`` with a `privateKey…` case; no message repeats the key.
    public init(parsing text: String) throws(WebhookSignatureError) {
        guard text.hasPrefix(Self.prefix) else { throw .privateKeyUnreadable }
        guard let bytes = Data(base64Encoded: String(text.dropFirst(Self.prefix.count))),
            bytes.count == 32 || bytes.count == 64,
            let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: bytes.prefix(32)),
            bytes.count == 32 || key.publicKey.rawRepresentation == bytes.suffix(32)
        else { throw .privateKeyUnreadable }
        self.key = key
    }

    /// A new key, as text that ``init(parsing:)`` reads.
    public static func makeText() -> String {
        let key = Curve25519.Signing.PrivateKey()
        return prefix + (key.rawRepresentation + key.publicKey.rawRepresentation).base64EncodedString()
    }

    /// What receivers verify with, as text: `whpk_…`.
    public var publicText: String { WebhookPublicKey.prefix + key.publicKey.rawRepresentation.base64EncodedString() }

    /// The value of the `webhook-signature` header: `v1a,` and the base64 of the signature over `id.timestamp.body`.
    ///
    /// - Throws: what the system's source of random numbers throws.
    public func sign(id: String, timestamp: Int64, body: some DataProtocol) throws -> String {
        let signature = try key.signature(for: Data("\(id).\(timestamp).".utf8) + Data(body))
        return "v1a," + signature.base64EncodedString()
    }
}

extension WebhookPrivateKey: CustomStringConvertible, CustomDebugStringConvertible {
    /// Says that there is a key, never which.
    public var description: String { "WebhookPrivateKey(hidden)" }

    /// The same as ``description``, so that no debugger's print shows the key.
    public var debugDescription: String { description }
}

/// The public half of a ``WebhookPrivateKey``, for receivers.
public struct WebhookPublicKey: Sendable {
    /// What a public key's text begins with.
    public static let prefix = "whpk_"

    private let key: Curve25519.Signing.PublicKey

    /// Reads `whpk_` and 32 bytes in base64.
    public init(parsing text: String) throws(WebhookSignatureError) {
        guard text.hasPrefix(Self.prefix),
            let bytes = Data(base64Encoded: String(text.dropFirst(Self.prefix.count))),
            let key = try? Curve25519.Signing.PublicKey(rawRepresentation: bytes)
        else { throw .publicKeyUnreadable }
        self.key = key
    }

    /// Whether one of a header's `v1a` signatures is that of the key's owner. The timestamp's age is the caller's to judge.
    public func accepts(signature: String, id: String, timestamp: String, body: some DataProtocol) -> Bool {
        let message = Data("\(id).\(timestamp).".utf8) + Data(body)
        return signature.split(separator: " ").prefix(WebhookSecret.signaturesMax).contains { candidate in
            guard candidate.hasPrefix("v1a,"), let bytes = Data(base64Encoded: String(candidate.dropFirst(4)))
            else { return false }
            return key.isValidSignature(bytes, for: message)
        }
    }
}

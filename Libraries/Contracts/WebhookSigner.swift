#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// What signs an endpoint's deliveries: a secret that the receiver shares, or a private key of which it has the public half.
public enum WebhookSigner: Sendable {
    /// `whsec_…`: HMAC-SHA256, scheme `v1`.
    case secret(WebhookSecret)
    /// `whsk_…`: Ed25519, scheme `v1a`.
    case privateKey(WebhookPrivateKey)

    /// Reads either form of text.
    ///
    /// - Throws: ``WebhookSignatureError``; no message repeats the text.
    public init(parsing text: String) throws(WebhookSignatureError) {
        if text.hasPrefix(WebhookPrivateKey.prefix) {
            self = .privateKey(try WebhookPrivateKey(parsing: text))
        } else {
            self = .secret(try WebhookSecret(parsing: text))
        }
    }

    /// One signature, as the header `webhook-signature` holds it.
    public func sign(id: String, timestamp: Int64, body: some DataProtocol) throws -> String {
        switch self {
        case .secret(let secret): secret.sign(id: id, timestamp: timestamp, body: body)
        case .privateKey(let key): try key.sign(id: id, timestamp: timestamp, body: body)
        }
    }
}

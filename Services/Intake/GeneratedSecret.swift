import Contracts

/// A new signing secret of an endpoint.
struct GeneratedSecret: Sendable {
    /// How it signs.
    enum Kind: String, Sendable {
        /// A secret that the receiver shares: signatures `v1`.
        case whsec
        /// A private key of which the receiver has the public half: signatures `v1a`.
        case whsk
    }

    let kind: Kind
    /// What signs.
    let text: String
    /// What verifies; nil where that is the secret itself.
    let publicKey: String?

    init(_ kind: Kind) throws {
        self.kind = kind
        switch kind {
        case .whsec:
            text = WebhookSecret.makeText()
            publicKey = nil
        case .whsk:
            text = WebhookPrivateKey.makeText()
            publicKey = try WebhookPrivateKey(parsing: text).publicText
        }
    }
}

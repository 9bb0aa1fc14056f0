import Crypto

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Seals the signing secrets that Weir makes for endpoints, so that who reads the database cannot sign with them: only who knows the
/// installation's signing key can open one.
public struct WebhookSecretSeal: Sendable {
    private let key: SymmetricKey

    /// - Parameter signingKey: `WEIR_SIGNING_KEY`, at least 16 characters, or there is no seal.
    public init?(signingKey: String) {
        guard signingKey.utf8.count >= 16 else { return nil }
        key = HKDF<SHA256>.deriveKey(
            inputKeyMaterial: SymmetricKey(data: Data(signingKey.utf8)), info: Data("weir webhook secret".utf8),
            outputByteCount: 32)
    }

    /// A secret's text, sealed for one row; it opens for no other.
    public func seal(
        _ text: String, org: OrgID, endpoint: EndpointID, id: WebhookSecretID
    ) throws -> [UInt8] {
        let box = try AES.GCM.seal(Data(text.utf8), using: key, authenticating: Self.subject(org, endpoint, id))
        // A box with a nonce of the usual length can always be combined.
        return box.combined.map { Array($0) } ?? []
    }

    /// The secret's text; nil if it was sealed with another signing key, for another row, or was changed.
    public func open(
        _ sealed: [UInt8], org: OrgID, endpoint: EndpointID, id: WebhookSecretID
    ) -> String? {
        guard let box = try? AES.GCM.SealedBox(combined: sealed),
            let text = try? AES.GCM.open(box, using: key, authenticating: Self.subject(org, endpoint, id))
        else { return nil }
        return String(decoding: text, as: UTF8.self)
    }

    private static func subject(_ org: OrgID, _ endpoint: EndpointID, _ id: WebhookSecretID) -> Data {
        Data("\(org) \(endpoint) \(id)".utf8)
    }
}

import Crypto

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Seals the signing secrets that Weir makes for endpoints, so that who reads the database cannot sign with them: only who knows the
/// installation's signing key can open one.
public struct WebhookSecretSeal: Sendable {
    /// The first one seals.
    private let keys: [SymmetricKey]

    /// - Parameter keys: what seals, and what else opens.
    public init(_ keys: SigningKeys) {
        self.keys = ([keys.current] + keys.old).map { key in
            HKDF<SHA256>.deriveKey(
                inputKeyMaterial: SymmetricKey(data: Data(key.utf8)), info: Data("weir webhook secret".utf8),
                outputByteCount: 32)
        }
    }

    /// A secret's text, sealed for one row; it opens for no other.
    public func seal(
        _ text: String, org: OrgID, endpoint: EndpointID, id: WebhookSecretID
    ) throws -> [UInt8] {
        let box = try AES.GCM.seal(Data(text.utf8), using: keys[0], authenticating: Self.subject(org, endpoint, id))
        // A box with a nonce of the usual length can always be combined.
        return box.combined.map { Array($0) } ?? []
    }

    /// The secret's text; nil if it was sealed with a signing key that is not among them, for another row, or was changed.
    public func open(
        _ sealed: [UInt8], org: OrgID, endpoint: EndpointID, id: WebhookSecretID
    ) -> String? {
        guard let box = try? AES.GCM.SealedBox(combined: sealed) else { return nil }
        let subject = Self.subject(org, endpoint, id)
        for key in keys {
            guard let text = try? AES.GCM.open(box, using: key, authenticating: subject) else { continue }
            return String(decoding: text, as: UTF8.self)
        }
        return nil
    }

    private static func subject(_ org: OrgID, _ endpoint: EndpointID, _ id: WebhookSecretID) -> Data {
        Data("\(org) \(endpoint) \(id)".utf8)
    }
}

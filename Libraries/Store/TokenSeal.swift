import Crypto
import Sources

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Seals access tokens, so that who reads the database cannot use them: only who knows the client's secret can open one.
struct TokenSeal {
    private let key: SymmetricKey
    /// What a sealed token is about; one that is moved elsewhere does not open.
    private let subject: String

    /// - Parameters:
    ///   - credentials: with their secrets in place. All that decides which token is given goes into the key, so that a token which was
    ///     fetched with other credentials, or for another scope, does not open.
    ///   - subject: the organization and the source.
    init(_ credentials: ClientCredentials, subject: String) {
        var texts = [credentials.tokenURL, credentials.clientID, credentials.scope ?? ""]
        texts += credentials.parameters.flatMap { [$0.name, $0.value] }
        // Lengths keep texts apart that read alike when they are joined.
        let context = texts.map { "\($0.utf8.count):\($0)" }.joined()
        key = HKDF<SHA256>.deriveKey(
            inputKeyMaterial: SymmetricKey(data: Data(credentials.clientSecret.utf8)),
            salt: Data("weir source token".utf8),
            info: Data(context.utf8), outputByteCount: 32)
        self.subject = subject
    }

    /// The token, sealed for a generation.
    func seal(_ token: String, generation: Int64) throws -> [UInt8] {
        let box = try AES.GCM.seal(Data(token.utf8), using: key, authenticating: authenticated(generation))
        // A box with a nonce of the usual length can always be combined.
        return box.combined.map { Array($0) } ?? []
    }

    /// The token; nil if it was sealed with other credentials, for something else, or was changed.
    func open(_ sealed: [UInt8], generation: Int64) -> String? {
        guard let box = try? AES.GCM.SealedBox(combined: sealed),
            let token = try? AES.GCM.open(box, using: key, authenticating: authenticated(generation))
        else { return nil }
        return String(decoding: token, as: UTF8.self)
    }

    private func authenticated(_ generation: Int64) -> Data { Data("\(subject) \(generation)".utf8) }
}

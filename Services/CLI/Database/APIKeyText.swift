import Crypto

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A client's key as the client holds it: `weir_` and 32 random bytes in base64url. Only its SHA-256 is stored.
struct APIKeyText: Sendable, Equatable {
    private static let beginning = "weir_"
    private static let prefixLength = 12

    let text: String

    init(_ text: String) {
        self.text = text
    }

    /// A new key from the system's random numbers.
    static func make() -> APIKeyText {
        let bytes = SymmetricKey(size: .bits256).withUnsafeBytes { Data($0) }
        let base64URL = bytes.base64EncodedString().map { character -> Character in
            switch character {
            case "+": "-"
            case "/": "_"
            default: character
            }
        }
        return APIKeyText(beginning + String(base64URL.filter { $0 != "=" }))
    }

    /// What the database keeps: SHA-256 of the text.
    var hash: [UInt8] { Array(SHA256.hash(data: Array(text.utf8))) }

    /// What lists show, to tell keys apart: `weir_` and seven characters.
    var prefix: String { String(text.prefix(Self.prefixLength)) }
}

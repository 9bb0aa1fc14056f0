import Logging

/// The last guard against a secret in the log: a value is hidden when its key says that it is one.
enum LogRedaction {
    private static let words = [
        "password", "passwd", "secret", "token", "authorization", "apikey", "cookie", "credential", "signingkey",
    ]

    /// The value as it may be shown under `key`.
    static func shown(_ value: Logger.MetadataValue, key: String) -> Logger.MetadataValue {
        isSecret(key) ? "***" : value
    }

    /// Whether the key names a secret: `api_key`, `Authorization`, `weir.db.password`, …
    static func isSecret(_ key: String) -> Bool {
        let letters = key.lowercased().filter { $0.isLetter }
        return words.contains { letters.hasSuffix($0) }
    }
}

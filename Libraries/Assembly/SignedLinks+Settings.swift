import Contracts
import Runtime

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

extension ResultLinks {
    /// The links that `WEIR_PUBLIC_URL` and `WEIR_SIGNING_KEY` allow; nil when one of them is not set.
    ///
    /// - Throws: `ConfigurationError` when a key is too short.
    public init?(_ settings: RuntimeConfiguration) throws {
        guard let (url, keys) = try settings.signing else { return nil }
        self.init(publicURL: url, keys: keys)
    }
}

extension CallbackLinks {
    /// The links that `WEIR_PUBLIC_URL` and `WEIR_SIGNING_KEY` allow; nil when one of them is not set.
    ///
    /// - Throws: `ConfigurationError` when a key is too short.
    public init?(_ settings: RuntimeConfiguration) throws {
        guard let (url, keys) = try settings.signing else { return nil }
        self.init(publicURL: url, keys: keys)
    }
}

extension RuntimeConfiguration {
    fileprivate var signing: (url: String, keys: SigningKeys)? {
        get throws {
            guard let url = string("WEIR_PUBLIC_URL"), let keys = try signingKeys else { return nil }
            return (url, keys)
        }
    }

    /// `WEIR_SIGNING_KEY`, and those of `WEIR_SIGNING_KEYS_OLD`; nil when the first is not set.
    ///
    /// - Throws: `ConfigurationError` when one is too short, or there are too many, or the old ones are in no form that they can have.
    var signingKeys: SigningKeys? {
        get throws {
            guard let key = string("WEIR_SIGNING_KEY") else { return nil }
            try check(key, "WEIR_SIGNING_KEY", "is too short")
            let old = try oldSigningKeys
            for key in old { try check(key, "WEIR_SIGNING_KEYS_OLD", "holds a key that is too short") }
            guard let keys = SigningKeys(current: key, old: old) else {
                throw ConfigurationError(
                    setting: "WEIR_SIGNING_KEYS_OLD", problem: "holds \(old.count) keys",
                    remedy: "At most \(SigningKeys.oldMax) are kept; leave the oldest out")
            }
            return keys
        }
    }

    /// Whether `WEIR_SIGNING_KEY`, moved to `WEIR_SIGNING_KEYS_OLD` as it stands, would be read as something else, so that what it has
    /// signed and sealed would be refused.
    public var signingKeyNeedsJSON: Bool {
        guard let key = string("WEIR_SIGNING_KEY") else { return false }
        let moved = RuntimeConfiguration(environment: ["WEIR_SIGNING_KEYS_OLD": key], fileValues: [:])
        return (try? moved.oldSigningKeys) != [key]
    }

    /// A list, or one in JSON: only there a key may have commas, and blanks around it.
    private var oldSigningKeys: [String] {
        get throws {
            let setting = "WEIR_SIGNING_KEYS_OLD"
            guard let text = string(setting), text.hasPrefix("[") else { return list(setting) }
            do {
                return try JSONDecoder().decode([String].self, from: Data(text.utf8))
            } catch {
                throw ConfigurationError(
                    setting: setting, problem: "begins with [ and is no list of texts in JSON",
                    remedy: #"Write ["one key","another"], or keys without that beginning with commas between them"#)
            }
        }
    }

    private func check(_ key: String, _ setting: String, _ problem: String) throws {
        guard key.utf8.count < SigningKeys.lengthMin else { return }
        throw ConfigurationError(
            setting: setting, problem: problem, remedy: "Use at least \(SigningKeys.lengthMin) random characters")
    }
}

import Contracts
import Runtime

extension ResultLinks {
    /// The links that `WEIR_PUBLIC_URL` and `WEIR_SIGNING_KEY` allow; nil when one of them is not set.
    ///
    /// - Throws: `ConfigurationError` when the key is too short.
    public init?(_ settings: RuntimeConfiguration) throws {
        guard let (url, key) = try settings.signing else { return nil }
        self.init(publicURL: url, key: key)
    }
}

extension CallbackLinks {
    /// The links that `WEIR_PUBLIC_URL` and `WEIR_SIGNING_KEY` allow; nil when one of them is not set.
    ///
    /// - Throws: `ConfigurationError` when the key is too short.
    public init?(_ settings: RuntimeConfiguration) throws {
        guard let (url, key) = try settings.signing else { return nil }
        self.init(publicURL: url, key: key)
    }
}

extension RuntimeConfiguration {
    fileprivate var signing: (url: String, key: String)? {
        get throws {
            guard let url = string("WEIR_PUBLIC_URL"), let key = try signingKey else { return nil }
            return (url, key)
        }
    }

    /// `WEIR_SIGNING_KEY`; nil when it is not set.
    ///
    /// - Throws: `ConfigurationError` when it is too short.
    var signingKey: String? {
        get throws {
            guard let key = string("WEIR_SIGNING_KEY") else { return nil }
            if key.utf8.count < 16 {
                throw ConfigurationError(
                    setting: "WEIR_SIGNING_KEY", problem: "is too short", remedy: "Use at least 16 random characters")
            }
            return key
        }
    }
}

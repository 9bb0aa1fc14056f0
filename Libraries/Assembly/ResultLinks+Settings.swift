import Contracts
import Runtime

extension ResultLinks {
    /// The links that `WEIR_PUBLIC_URL` and `WEIR_SIGNING_KEY` allow; nil when one of them is not set.
    ///
    /// - Throws: `ConfigurationError` when the key is too short.
    public init?(_ settings: RuntimeConfiguration) throws {
        guard let url = settings.string("WEIR_PUBLIC_URL"), let key = settings.string("WEIR_SIGNING_KEY") else {
            return nil
        }
        self.init(publicURL: url, key: key)
        if key.utf8.count < 16 {
            throw ConfigurationError(
                setting: "WEIR_SIGNING_KEY", problem: "is too short", remedy: "Use at least 16 random characters")
        }
    }
}

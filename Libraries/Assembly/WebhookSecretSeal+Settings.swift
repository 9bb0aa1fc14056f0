import Contracts
import Runtime

extension WebhookSecretSeal {
    /// The seal that `WEIR_SIGNING_KEY` allows; nil when it is not set.
    ///
    /// - Throws: `ConfigurationError` when the key is too short.
    public init?(_ settings: RuntimeConfiguration) throws {
        guard let key = try settings.signingKey else { return nil }
        self.init(signingKey: key)
    }
}

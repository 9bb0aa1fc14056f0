import Contracts
import Runtime

extension WebhookSecretSeal {
    /// The seal that `WEIR_SIGNING_KEY` allows; nil when it is not set.
    ///
    /// - Throws: `ConfigurationError` when a key is too short.
    public init?(_ settings: RuntimeConfiguration) throws {
        guard let keys = try settings.signingKeys else { return nil }
        self.init(keys)
    }
}

import Contracts
import Logging
import Store
import Synchronization

/// Warns of signing secrets that do not open and are passed over: of each once, since webhooks come by the thousand.
final class UnopenedSecrets: Sendable {
    private static let toldMax = 10_000

    private let logger: Logger
    private let told = Mutex<Set<WebhookSecretID>>([])

    init(logger: Logger) {
        self.logger = logger
    }

    /// Warns of those of a delivery's endpoint that were not told of yet.
    func note(_ secrets: [WebhookSecretID], of delivery: ClaimedDelivery) {
        if secrets.isEmpty { return }
        let new = told.withLock { told in
            if told.count >= Self.toldMax { told.removeAll() }
            return secrets.filter { told.insert($0).inserted }
        }
        for _ in new {
            logger.warning(
                "A secret of an endpoint does not open and signs no more: a newer one has taken its place.",
                metadata: ["endpoint": "\(delivery.endpoint)", "org": "\(delivery.org)"])
        }
    }
}

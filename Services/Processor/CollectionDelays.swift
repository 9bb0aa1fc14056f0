import Contracts
import Synchronization

/// Requests whose result could not be put together, and until when each is left alone: longer after every failure, so that one that never
/// can be costs little and does not take the turn of others.
final class CollectionDelays: Sendable {
    /// The wait after the first failure; it doubles with each further one.
    static let shortest = Duration.seconds(2)
    /// The longest wait.
    static let longest = Duration.seconds(300)
    /// How many requests are remembered at the most; beyond that, all are tried again.
    static let requestsMax = 1_000

    private let failures = Mutex<[ActivityRequestID: (count: Int, until: ContinuousClock.Instant)]>([:])

    /// Whether it is a request's turn.
    func allow(_ request: ActivityRequestID, now: ContinuousClock.Instant) -> Bool {
        failures.withLock { $0[request].map { $0.until <= now } ?? true }
    }

    /// Notes a failure.
    ///
    /// - Returns: how long the request is left alone.
    func fail(_ request: ActivityRequestID, now: ContinuousClock.Instant) -> Duration {
        failures.withLock { failures in
            if failures.count >= Self.requestsMax, failures[request] == nil { failures.removeAll() }
            let count = failures[request].map(\.count) ?? 0
            // Ten times doubled, the shortest wait is beyond the longest.
            let delay = min(Self.shortest * (1 << min(count, 10)), Self.longest)
            failures[request] = (count + 1, now + delay)
            return delay
        }
    }

    /// Forgets the failures of a request.
    func succeed(_ request: ActivityRequestID) {
        failures.withLock { $0[request] = nil }
    }
}

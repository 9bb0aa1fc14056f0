import Synchronization

/// Work that could not be done, and until when each piece of it is left alone: longer after every failure, so that one that never can be done
/// costs little and does not take the turn of others.
final class FailureDelays<ID: Hashable & Sendable>: Sendable {
    /// The wait after the first failure; it doubles with each further one.
    static var shortest: Duration { .seconds(2) }
    /// The longest wait.
    static var longest: Duration { .seconds(300) }
    /// How many are remembered at the most; beyond that, all are tried again.
    static var rememberedMax: Int { 1_000 }

    private let failures = Mutex<[ID: (count: Int, until: ContinuousClock.Instant)]>([:])

    /// Whether it is one's turn.
    func allow(_ id: ID, now: ContinuousClock.Instant) -> Bool {
        failures.withLock { $0[id].map { $0.until <= now } ?? true }
    }

    /// Notes a failure.
    ///
    /// - Returns: how long this one is left alone.
    func fail(_ id: ID, now: ContinuousClock.Instant) -> Duration {
        failures.withLock { failures in
            if failures.count >= Self.rememberedMax, failures[id] == nil { failures.removeAll() }
            let count = failures[id].map(\.count) ?? 0
            // Ten times doubled, the shortest wait is beyond the longest.
            let delay = min(Self.shortest * (1 << min(count, 10)), Self.longest)
            failures[id] = (count + 1, now + delay)
            return delay
        }
    }

    /// Forgets the failures of one.
    func succeed(_ id: ID) {
        failures.withLock { $0[id] = nil }
    }
}

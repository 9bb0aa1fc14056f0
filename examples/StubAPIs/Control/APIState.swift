import Synchronization

/// What one of the APIs has counted, what it will do wrong, and what it allows.
final class APIState: Sendable {
    /// What the API allows its callers, and how long it takes for an answer.
    struct Settings: Sendable, Codable {
        /// The most calls under way at once; nil: any number.
        var concurrency: Int?
        /// The most calls that may begin within a second; nil: any number.
        var perSecond: Int?
        /// How long each answer takes.
        var latencyMs: Int?
        /// How long a token is good for (OAuth2); nil: an hour.
        var tokenSeconds: Double?
        /// How many polls a job needs until it is done; nil: 2.
        var jobPolls: Int?
    }

    private struct State {
        var counts = CallCounts()
        var misbehaviors: [Misbehavior] = []
        var settings = Settings()
    }

    private let state = Mutex(State())

    var counts: CallCounts { state.withLock { $0.counts } }
    var settings: Settings { state.withLock { $0.settings } }

    func set(_ settings: Settings) {
        state.withLock { $0.settings = settings }
    }

    func plan(_ misbehaviors: [Misbehavior]) {
        state.withLock { $0.misbehaviors += misbehaviors }
    }

    /// Forgets everything but the calls under way.
    func reset() {
        state.withLock { state in
            let inFlight = state.counts.inFlight
            state = State()
            state.counts.inFlight = inFlight
        }
    }

    func count(_ change: (inout CallCounts) -> Void) {
        state.withLock { change(&$0.counts) }
    }

    /// Notes a call.
    ///
    /// - Returns: whether the limits allow it.
    func begin(route: String) -> Bool {
        state.withLock { state in
            let (inFlight, perSecond) = state.counts.begin(route: route, now: .now)
            let isAllowed =
                inFlight <= state.settings.concurrency ?? .max && perSecond <= state.settings.perSecond ?? .max
            if !isAllowed { state.counts.violations += 1 }
            return isAllowed
        }
    }

    func end(status: Int) {
        state.withLock { $0.counts.end(status: status) }
    }

    /// Takes the next misbehavior that is one of these kinds and about this path.
    func take(_ kinds: Set<Misbehavior.Kind>, path: String) -> Misbehavior? {
        state.withLock { state in
            let index = state.misbehaviors.firstIndex { candidate in
                kinds.contains(candidate.kind) && candidate.path.map(path.contains) != false
            }
            guard let index else { return nil }
            state.misbehaviors[index].times -= 1
            let taken = state.misbehaviors[index]
            if taken.times == 0 { state.misbehaviors.remove(at: index) }
            return taken
        }
    }
}

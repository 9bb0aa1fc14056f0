import Synchronization

/// Counts the calls at an API: how many are there at once, and when each came.
final class CallMeter: Sendable {
    private struct State {
        var inFlight = 0
        var mostInFlight = 0
        var arrivals: [ContinuousClock.Instant] = []
    }

    private let state = Mutex(State())

    /// Counts a call as long as the body takes.
    func count<Result>(_ body: () -> Result) -> Result {
        state.withLock { state in
            state.arrivals.append(.now)
            state.inFlight += 1
            state.mostInFlight = max(state.mostInFlight, state.inFlight)
        }
        defer { state.withLock { $0.inFlight -= 1 } }
        return body()
    }

    /// The most calls that were there at once.
    var mostInFlight: Int { state.withLock { $0.mostInFlight } }

    /// Calls so far.
    var total: Int { state.withLock { $0.arrivals.count } }

    /// The most calls that came within any stretch of this length.
    func most(within length: Duration) -> Int {
        let arrivals = state.withLock { $0.arrivals.sorted() }
        var most = 0
        var first = 0
        for (index, arrival) in arrivals.enumerated() {
            while arrivals[first] + length <= arrival { first += 1 }
            most = max(most, index - first + 1)
        }
        return most
    }
}

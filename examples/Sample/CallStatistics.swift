import Hummingbird
import Synchronization

/// Counts calls, so that a test can tell whether an answered call was made again.
final class CallStatistics: Sendable {
    struct Snapshot: ResponseEncodable {
        var requests = 0
        var answered = 0
        /// Answers for a code that had been answered before.
        var repeated = 0
        /// Calls for a code that is none.
        var unknown = 0
    }

    private struct State {
        var counts = Snapshot()
        var answered: Set<String> = []
    }

    private let state = Mutex(State())

    func count(code: String, isFound: Bool) {
        state.withLock { state in
            state.counts.requests += 1
            guard isFound else {
                state.counts.unknown += 1
                return
            }
            state.counts.answered += 1
            if !state.answered.insert(code).inserted { state.counts.repeated += 1 }
        }
    }

    var snapshot: Snapshot { state.withLock { $0.counts } }
}

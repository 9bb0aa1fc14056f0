import Contracts
import Runtime
import Store
import Synchronization

/// Which source is served next, and how much of it: sources with work take turns, within the bounds of the executor and of
/// each source.
final class Dispatcher: Sendable {
    /// A turn of one source.
    struct Turn: Sendable {
        let source: ReadySource
        /// How many exchanges there is room for.
        let exchanges: Int
    }

    private struct State {
        /// Sources with work, in the order of their turns.
        var waiting: [ReadySource] = []
        var inFlight: [ReadySource: Int] = [:]
        var concurrency: [ReadySource: Int] = [:]
        var total = 0
        var isStopped = false
    }

    private let exchangesMax: Int
    private let claimMax: Int
    private let state = Mutex(State())
    private let bell = Bell()

    /// - Parameters:
    ///   - exchangesMax: exchanges in flight at once, over all sources.
    ///   - claimMax: exchanges claimed in one turn.
    init(exchangesMax: Int, claimMax: Int) {
        self.exchangesMax = exchangesMax
        self.claimMax = claimMax
    }

    /// A source has work, as far as anybody knows.
    func offer(_ sources: some Sequence<ReadySource>) {
        let isNew = state.withLock { state in
            var isNew = false
            for source in sources where !state.waiting.contains(source) {
                state.waiting.append(source)
                isNew = true
            }
            return isNew
        }
        if isNew { bell.ring() }
    }

    /// Waits for a source with work and room for it. It leaves the queue; whoever finds more work offers it again.
    ///
    /// - Returns: nil when there shall be no more turns.
    func next() async -> Turn? {
        while !Task.isCancelled, !state.withLock({ $0.isStopped }) {
            if let turn = take() { return turn }
            guard await bell.wait() else { return nil }
        }
        return nil
    }

    private func take() -> Turn? {
        state.withLock { state in
            for (place, source) in state.waiting.enumerated() {
                let concurrency = state.concurrency[source] ?? exchangesMax
                let inFlight = state.inFlight[source] ?? 0
                let room = min(exchangesMax - state.total, concurrency - inFlight, claimMax)
                // The first claim goes at once; later ones wait until they are worth a statement.
                if room > 0, inFlight == 0 || room >= min(claimMax, min(concurrency, exchangesMax) / 4) {
                    state.waiting.remove(at: place)
                    return Turn(source: source, exchanges: room)
                }
            }
            return nil
        }
    }

    /// No more turns: ``next()`` returns nil from now on.
    func stop() {
        state.withLock { $0.isStopped = true }
        bell.ring()
    }

    /// The source may have this many exchanges in flight from now on.
    func limit(_ source: ReadySource, to concurrency: Int) {
        state.withLock { $0.concurrency[source] = concurrency }
    }

    /// Exchanges of a source have begun.
    func begin(_ count: Int, of source: ReadySource) {
        state.withLock { state in
            state.inFlight[source, default: 0] += count
            state.total += count
        }
    }

    /// Exchanges of a source are over and recorded.
    func end(_ count: Int, of source: ReadySource) {
        state.withLock { state in
            state.inFlight[source, default: 0] -= count
            if state.inFlight[source] == 0 { state.inFlight[source] = nil }
            state.total -= count
        }
        bell.ring()
    }

    /// Exchanges under way.
    var exchangesInFlight: Int { state.withLock { $0.total } }
}

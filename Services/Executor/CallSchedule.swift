import Contracts
import Store

/// A claimed exchange and the source that it calls.
struct Call: Sendable {
    let exchange: ClaimedExchange
    /// Under which it was claimed.
    let worker: WorkerID
    let source: PreparedSource
    let ready: ReadySource
}

/// Which source is claimed from next, and which claimed exchange is called next: sources take turns, within the bounds of the
/// executor and of each source. Pure.
///
/// Exchanges are claimed a little ahead of their calls, so that no place stands empty while a claim is under way; and a place
/// is free again as soon as the call has ended, not only when its answer is on disk.
struct CallSchedule {
    /// The bounds of an executor.
    struct Limits: Sendable {
        /// Calls under way at once, over all sources.
        var callsMax: Int
        /// Exchanges claimed in one turn, and how many may wait for a place.
        var claimMax: Int
        /// Outcomes that wait to be recorded: nothing new begins above it.
        var unrecordedMax: Int
        /// The bytes of these.
        var unrecordedBytesMax: Int
    }

    /// A turn of one source to be claimed from.
    struct Turn: Sendable {
        let source: ReadySource
        /// How many exchanges there is room for.
        let exchanges: Int
    }

    /// What is under way for one source.
    private struct Lane {
        var concurrency: Int
        var waiting: ArraySlice<Call> = []
        var calling = 0

        var outstanding: Int { waiting.count + calling }
    }

    private let limits: Limits
    private var lanes: [ReadySource: Lane] = [:]
    /// Sources with work in the database, in the order of their turns.
    private var offered: [ReadySource] = []
    /// Sources with claimed exchanges that wait for a place, in the order of their turns.
    private var turns: [ReadySource] = []
    private(set) var waiting = 0
    private(set) var calling = 0
    private var unrecorded = 0
    private var unrecordedBytes = 0

    init(limits: Limits) {
        self.limits = limits
    }

    private var isBackedUp: Bool {
        unrecorded >= limits.unrecordedMax || unrecordedBytes >= limits.unrecordedBytesMax
    }

    // MARK: Claiming

    /// A source has work, as far as anybody knows. False when that is no news.
    mutating func offer(_ source: ReadySource) -> Bool {
        if offered.contains(source) { return false }
        offered.append(source)
        return true
    }

    /// Takes the source whose turn it is out of the offered ones; whoever finds more work offers it again.
    mutating func takeTurn() -> Turn? {
        for (place, source) in offered.enumerated() {
            let room = room(of: source)
            if room > 0 {
                offered.remove(at: place)
                return Turn(source: source, exchanges: room)
            }
        }
        return nil
    }

    /// Whether ``takeTurn()`` has something to give.
    var hasTurn: Bool { offered.contains { room(of: $0) > 0 } }

    /// How many exchanges may be claimed for a source now; none while too few to be worth a statement.
    private func room(of source: ReadySource) -> Int {
        if isBackedUp { return 0 }
        let lane = lanes[source] ?? Lane(concurrency: limits.callsMax)
        let concurrency = min(lane.concurrency, limits.callsMax)
        let ahead = min(limits.claimMax, concurrency)
        let own = concurrency + ahead - lane.outstanding
        let room = min(own, limits.callsMax + limits.claimMax - waiting - calling, limits.claimMax)
        // The first claim goes at once. Of the room that all share a source takes small bites too, or it would never have its turn
        // beside many small ones.
        let worth = (ahead + 1) / 2
        return lane.outstanding == 0 || own >= worth && room >= min(worth, 8) ? room : 0
    }

    /// The source may have this many calls under way from now on.
    mutating func limit(_ source: ReadySource, to concurrency: Int) {
        lanes[source, default: Lane(concurrency: concurrency)].concurrency = concurrency
    }

    /// A claim has come back, with these exchanges.
    mutating func add(_ calls: [Call], of source: ReadySource, concurrency: Int) {
        // The source may have had nothing under way any more.
        var lane = lanes[source] ?? Lane(concurrency: concurrency)
        lane.concurrency = concurrency
        if lane.waiting.isEmpty, !calls.isEmpty { turns.append(source) }
        lane.waiting += calls
        waiting += calls.count
        lanes[source] = lane.outstanding > 0 ? lane : nil
    }

    // MARK: Calling

    /// Takes the next call that has a place.
    mutating func begin() -> Call? {
        guard calling < limits.callsMax, !isBackedUp else { return nil }
        for place in turns.indices {
            let source = turns[place]
            guard let lane = lanes[source], lane.calling < lane.concurrency, let call = lane.waiting.first else {
                continue
            }
            lanes[source]?.waiting.removeFirst()
            lanes[source]?.calling += 1
            waiting -= 1
            calling += 1
            turns.remove(at: place)
            if lane.waiting.count > 1 { turns.append(source) }
            return call
        }
        return nil
    }

    /// A call has ended; its outcome, of so many bytes, waits to be recorded.
    mutating func end(_ source: ReadySource, bytes: Int) {
        calling -= 1
        unrecorded += 1
        unrecordedBytes += bytes
        lanes[source]?.calling -= 1
        if lanes[source]?.outstanding == 0 { lanes[source] = nil }
    }

    /// Outcomes are on disk.
    mutating func recorded(_ count: Int, bytes: Int) {
        unrecorded -= count
        unrecordedBytes -= bytes
    }

    /// The exchanges that have not begun.
    var waitingExchanges: [RunRequestID] { turns.flatMap { lanes[$0]?.waiting.map(\.exchange.id) ?? [] } }

    /// Takes out exchanges that have not begun and that nobody wants any more; others are passed over.
    ///
    /// - Returns: how many.
    mutating func remove(_ exchanges: Set<RunRequestID>) -> Int {
        let before = waiting
        for source in turns {
            guard var lane = lanes[source] else { continue }
            let kept = lane.waiting.filter { !exchanges.contains($0.exchange.id) }
            waiting -= lane.waiting.count - kept.count
            lane.waiting = ArraySlice(kept)
            lanes[source] = lane.outstanding > 0 ? lane : nil
        }
        turns.removeAll { lanes[$0]?.waiting.isEmpty ?? true }
        return before - waiting
    }

    /// Takes out all that has not begun.
    mutating func removeWaiting() -> [Call] {
        let calls = turns.flatMap { lanes[$0]?.waiting ?? [] }
        for source in turns { lanes[source]?.waiting = [] }
        turns = []
        waiting = 0
        return calls
    }
}

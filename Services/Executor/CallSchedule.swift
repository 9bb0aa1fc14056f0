import Contracts
import Store

/// A claimed exchange and the source that it calls.
struct Call: Sendable {
    let exchange: ClaimedExchange
    /// Under which it was claimed.
    let worker: WorkerID
    let source: PreparedSource
    let ready: ReadySource
    /// The job of which a step is due; nil: the exchange is to be made.
    var job: DueJob?
}

/// Which source is claimed from next, which claimed exchange is called next, and when permits are asked for: sources take turns,
/// within the bounds of the executor and what each source's permit allows. Pure.
///
/// Exchanges are claimed a little ahead of their calls, so that no place stands empty while a claim is under way; and a place
/// is free again as soon as the call has ended, not only when its answer is on disk.
struct CallSchedule {
    typealias Instant = CallLane.Instant

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
        /// How long a permit holds without news from Postgres.
        var permitValid: Duration = .seconds(7)
    }

    /// A turn of one source to be claimed from.
    struct Turn: Sendable {
        let source: ReadySource
        /// How many exchanges there is room for.
        let exchanges: Int
    }

    /// Sources asked for in one statement.
    static let asksMax = 100

    private let limits: Limits
    private var lanes: [ReadySource: CallLane] = [:]
    /// Sources with work in the database, in the order of their turns.
    private var offered: [ReadySource] = []
    /// Sources that are no news until then, whoever says that they have work.
    private var heldBack: [ReadySource: Instant] = [:]
    /// Sources with claimed exchanges that wait for a place, in the order of their turns.
    private var turns: [ReadySource] = []
    private(set) var waiting = 0
    private(set) var calling = 0
    private(set) var unrecorded = 0
    private var unrecordedBytes = 0
    private var startWindow = StartWindow()

    init(limits: Limits) {
        self.limits = limits
    }

    private var isBackedUp: Bool {
        unrecorded >= limits.unrecordedMax || unrecordedBytes >= limits.unrecordedBytesMax
    }

    // MARK: Claiming

    /// A source has work, as far as anybody knows. False when that is no news.
    mutating func offer(_ source: ReadySource, _ now: Instant) -> Bool {
        if let end = heldBack[source], now < end { return false }
        let isNews = !offered.contains(source)
        if isNews { offered.append(source) }
        lanes[source, default: CallLane(now: now)].offer(now)
        return isNews
    }

    /// Nothing can be done for a source; whoever finds work of it later offers it again.
    mutating func holdBack(_ source: ReadySource, until end: Instant, _ now: Instant) {
        heldBack = heldBack.filter { now < $0.value }
        heldBack[source] = end
        offered.removeAll { $0 == source }
        guard var lane = lanes[source] else { return }
        lane.isOffered = false
        keep(lane, of: source, now)
    }

    /// Takes the source whose turn it is out of the offered ones; whoever finds more work offers it again.
    mutating func takeTurn(_ now: Instant) -> Turn? {
        for (place, source) in offered.enumerated() {
            let room = room(of: source, now)
            if room > 0 {
                offered.remove(at: place)
                // Not idle yet: its claim is under way.
                return Turn(source: source, exchanges: room)
            }
        }
        return nil
    }

    /// Whether ``takeTurn(_:)`` has something to give.
    func hasTurn(_ now: Instant) -> Bool { offered.contains { room(of: $0, now) > 0 } }

    /// How many exchanges may be claimed for a source now; none while too few to be worth a statement.
    private func room(of source: ReadySource, _ now: Instant) -> Int {
        guard !isBackedUp, let lane = lanes[source] else { return 0 }
        let (own, worth) = lane.room(claimMax: limits.claimMax, callsMax: limits.callsMax, now: now)
        let room = min(own, limits.callsMax + limits.claimMax - waiting - calling, limits.claimMax)
        // The first claim goes at once. Of the room that all share a source takes small bites too, or it would never have its turn
        // beside many small ones.
        return own >= worth && room >= min(worth, 8) ? room : 0
    }

    /// A claim has come back, with these exchanges, or steps of jobs are due.
    mutating func add(_ calls: [Call], of source: ReadySource, _ now: Instant) {
        var lane = lanes[source] ?? CallLane(now: now)
        lane.isOffered = offered.contains(source)
        if lane.waiting.isEmpty, !calls.isEmpty { turns.append(source) }
        lane.waiting += calls
        waiting += calls.count
        keep(lane, of: source, now)
    }

    // MARK: Calling

    /// Takes the next call that has a place.
    mutating func begin(_ now: Instant) -> Call? {
        guard calling < limits.callsMax, !isBackedUp else { return nil }
        for place in turns.indices {
            let source = turns[place]
            guard lanes[source]?.mayBegin(now) == true, let call = lanes[source]?.begin() else { continue }
            waiting -= 1
            calling += 1
            turns.remove(at: place)
            if lanes[source]?.waiting.isEmpty == false { turns.append(source) }
            return call
        }
        return nil
    }

    /// A call under way wants to make a further call, for its next page.
    mutating func addPage(of source: ReadySource, _ now: Instant) {
        lanes[source, default: CallLane(now: now)].pagesWaiting += 1
    }

    /// So many of them wait no longer.
    mutating func withdrawPages(_ count: Int, of source: ReadySource, _ now: Instant) {
        guard var lane = lanes[source] else { return }
        lane.pagesWaiting -= count
        keep(lane, of: source, now)
    }

    /// The pages that may be asked for now, by source.
    mutating func takePages(_ now: Instant) -> [ReadySource: Int] {
        var pages: [ReadySource: Int] = [:]
        for (source, lane) in lanes where lane.pagesWaiting > 0 {
            if let count = lanes[source]?.takePages(now), count > 0 { pages[source] = count }
        }
        return pages
    }

    /// A call has ended; its outcome, of so many bytes, waits to be recorded.
    ///
    /// - Returns: whether its source may have something to ask now: nothing is left to do, or a further start is needed.
    @discardableResult
    mutating func end(_ source: ReadySource, bytes: Int, _ now: Instant) -> Bool {
        calling -= 1
        unrecorded += 1
        unrecordedBytes += bytes
        guard var lane = lanes[source] else { return false }
        lane.calling -= 1
        keep(lane, of: source, now)
        return lane.isRated || lane.outstanding == 0 && !lane.isOffered
    }

    /// An outcome waits to be recorded that took no call.
    mutating func addOutcome() { unrecorded += 1 }

    /// Outcomes are on disk.
    mutating func recorded(_ count: Int, bytes: Int) {
        unrecorded -= count
        unrecordedBytes -= bytes
    }

    private mutating func keep(_ lane: CallLane, of source: ReadySource, _ now: Instant) {
        var lane = lane
        lane.noteIdleness(now)
        lanes[source] = lane.isOver ? nil : lane
    }

    // MARK: Permits

    /// What has to be asked of Postgres now.
    mutating func takeAskings(_ now: Instant) -> [PermitAsking] {
        var askings: [PermitAsking] = []
        for (source, lane) in lanes {
            guard askings.count < Self.asksMax else { break }
            guard let time = lane.asks(now), time <= now else { continue }
            askings.append(lane.asking(of: source, callsMax: limits.callsMax, now))
            lanes[source]?.ask(limits.callsMax)
        }
        // What would be renewed soon goes with it: one statement for many sources, not one for each.
        if !askings.isEmpty {
            for (source, lane) in lanes where lane.mayRenew(now) && askings.count < Self.asksMax {
                askings.append(lane.asking(of: source, callsMax: limits.callsMax, now))
                lanes[source]?.ask(limits.callsMax)
            }
        }
        return askings
    }

    /// How long a start that is asked for now may take until its call begins.
    var startsWithin: Duration { startWindow.length }

    /// Postgres has answered what was asked.
    ///
    /// - Returns: claimed exchanges that cannot begin here: other executors have all permits, the source is paused, or its rate is used up
    ///   for long.
    mutating func permit(
        _ permits: [CallPermit], of askings: [PermitAsking], asked: Instant, _ now: Instant
    ) -> [Call] {
        // Of a worker that was given up, or a source that is no more, there is no permit.
        let answered = Set(permits.map(\.source))
        refuse(askings.filter { !answered.contains($0.source) }, retryAfter: CallLane.renewal, now)
        if permits.contains(where: { ($0.starts ?? 0) > 0 }) { startWindow.note(now - asked) }
        var stranded: [Call] = []
        for permit in permits {
            var lane = lanes[permit.source] ?? CallLane(now: now)
            lane.permit(permit, asked: asked, now: now, valid: limits.permitValid)
            if lane.cap == 0, lane.calling == 0 {
                stranded += lane.waiting
            } else if lane.isFarOff(now) {
                // Steps of jobs stay: they are in progress nowhere, and would soon be back.
                stranded += lane.waiting.filter { $0.job == nil }
            }
            keep(lane, of: permit.source, now)
        }
        if !stranded.isEmpty { _ = remove(Set(stranded.map(\.exchange.id)), now) }
        return stranded
    }

    /// Postgres has not answered.
    mutating func refuse(_ askings: [PermitAsking], retryAfter: Duration, _ now: Instant) {
        for asking in askings { lanes[asking.source]?.refuse(now, retryAfter: retryAfter) }
    }

    /// The worker that permits were given to is no more.
    mutating func forgetPermits(_ now: Instant) {
        for source in Array(lanes.keys) {
            guard var lane = lanes[source] else { continue }
            lane.forgetPermit(now)
            keep(lane, of: source, now)
        }
    }

    /// When time alone will bring something to do.
    func nextWake(_ now: Instant) -> Instant? {
        lanes.values.compactMap { $0.asks(now) }.min()
    }

    // MARK: Taking out

    /// The exchanges that have not begun; without those whose jobs are followed, which are in progress nowhere.
    var waitingExchanges: [RunRequestID] {
        turns.flatMap { source in (lanes[source]?.waiting ?? []).filter { $0.job == nil }.map(\.exchange.id) }
    }

    /// Sources of which so many steps of jobs, or more, have not begun.
    func sources(withSteps count: Int) -> [SourceID] {
        turns.filter { source in
            (lanes[source]?.waiting ?? []).lazy.filter { $0.job != nil }.count >= count
        }.map(\.source)
    }

    /// Takes out exchanges that have not begun and that nobody wants any more; others are passed over.
    ///
    /// - Returns: how many.
    mutating func remove(_ exchanges: Set<RunRequestID>, _ now: Instant) -> Int {
        let before = waiting
        for source in turns {
            guard var lane = lanes[source] else { continue }
            let kept = lane.waiting.filter { !exchanges.contains($0.exchange.id) }
            waiting -= lane.waiting.count - kept.count
            lane.waiting = ArraySlice(kept)
            keep(lane, of: source, now)
        }
        turns.removeAll { lanes[$0]?.waiting.isEmpty ?? true }
        return before - waiting
    }

    /// Takes out calls that have not begun and need not be made; what they came to waits to be recorded.
    mutating func withdraw(_ isOver: (Call) -> Bool, _ now: Instant) -> [Call] {
        let calls = turns.flatMap { lanes[$0]?.waiting.filter(isOver) ?? [] }
        if !calls.isEmpty { unrecorded += remove(Set(calls.map(\.exchange.id)), now) }
        return calls
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

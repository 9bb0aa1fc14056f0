import Contracts
import Exchanges
import Runtime
import Store
import Synchronization

/// Tells the executor what to do next, as its ``CallSchedule`` has it, and waits when there is nothing.
final class Dispatcher: Sendable {
    /// What to do next.
    enum Step: Sendable {
        /// Ask for permits; the answer goes to ``permit(_:of:asked:)`` or ``refuse(_:retryAfter:)``.
        case ask([PermitAsking], within: Duration)
        /// Claim from a source.
        case claim(CallSchedule.Turn)
        /// Begin a call; whoever makes it goes on with what ``end(_:bytes:)`` gives.
        case call(Call)
    }

    /// A call under way that waits for a start for its next page.
    private struct Page {
        let number: Int
        /// How long it waits; nil: as long as it takes.
        let end: ContinuousClock.Instant?
        let continuation: CheckedContinuation<Bool, Never>
    }

    private struct State {
        var schedule: CallSchedule
        var isStopped = false
        /// When the bell rings by itself.
        var ringsAt: ContinuousClock.Instant?
        /// By source, the first first.
        var pages: [ReadySource: [Page]] = [:]
        var pagesBegun = 0

        /// Those that may go on.
        mutating func takePages(_ now: ContinuousClock.Instant) -> [Page] {
            if pages.isEmpty { return [] }
            var ready: [Page] = []
            for (source, count) in schedule.takePages(now) {
                let waiting = pages.removeValue(forKey: source) ?? []
                ready += waiting.prefix(count)
                if count < waiting.count { pages[source] = Array(waiting.dropFirst(count)) }
            }
            return ready
        }

        /// Takes those out that do not wait any longer.
        mutating func withdrawPages(_ now: ContinuousClock.Instant, _ isOver: (Page) -> Bool) -> [Page] {
            var over: [Page] = []
            for (source, waiting) in pages {
                let left = waiting.filter { !isOver($0) }
                if left.count == waiting.count { continue }
                over += waiting.filter(isOver)
                pages[source] = left.isEmpty ? nil : left
                schedule.withdrawPages(waiting.count - left.count, of: source, now)
            }
            return over
        }

        /// When time alone will bring something to do.
        func nextWake(_ now: ContinuousClock.Instant) -> ContinuousClock.Instant? {
            let ends = pages.values.lazy.joined().compactMap(\.end)
            return [schedule.nextWake(now), ends.min()].compactMap(\.self).min()
        }

        mutating func next(_ now: ContinuousClock.Instant) -> Step? {
            if let call = schedule.begin(now) { return .call(call) }
            let askings = schedule.takeAskings(now)
            if !askings.isEmpty { return .ask(askings, within: schedule.startsWithin) }
            return schedule.takeTurn(now).map(Step.claim)
        }
    }

    private let state: Mutex<State>
    private let bell = Bell()

    init(limits: CallSchedule.Limits) {
        state = Mutex(State(schedule: CallSchedule(limits: limits)))
    }

    private var now: ContinuousClock.Instant { .now }

    /// Sources have work, as far as anybody knows.
    func offer(_ sources: some Sequence<ReadySource>) {
        let now = now
        let isNews = state.withLock { state in
            sources.reduce(false) { isNews, source in state.schedule.offer(source, now) || isNews }
        }
        if isNews { bell.ring() }
    }

    /// Leaves a source alone for a while, for which nothing can be done.
    func holdBack(_ source: ReadySource, for duration: Duration) {
        let now = now
        state.withLock { $0.schedule.holdBack(source, until: now + duration, now) }
        // Its permit goes back.
        bell.ring()
    }

    /// Waits for something to do.
    ///
    /// - Returns: nil when there shall be no more.
    func next() async -> Step? {
        while !Task.isCancelled {
            let now = now
            let (pages, late) = state.withLock { state in
                (state.takePages(now), state.withdrawPages(now) { page in page.end.map { $0 <= now } ?? false })
            }
            for page in pages { page.continuation.resume(returning: true) }
            for page in late { page.continuation.resume(returning: false) }
            let (step, wake, isStopped) = state.withLock { state -> (Step?, ContinuousClock.Instant?, Bool) in
                if state.isStopped { return (nil, nil, true) }
                if let step = state.next(now) { return (step, nil, false) }
                return (nil, state.nextWake(now), false)
            }
            if let step { return step }
            if let wake { ring(at: wake) }
            guard !isStopped, await bell.wait() else { return nil }
        }
        return nil
    }

    /// Rings when a moment has come, unless an earlier ring is due anyway.
    private func ring(at moment: ContinuousClock.Instant) {
        let isNew = state.withLock { state in
            if let due = state.ringsAt, due <= moment { return false }
            state.ringsAt = moment
            return true
        }
        guard isNew else { return }
        Task { [weak self] in
            // Permits are renewed, starts asked for and idle permits given back by the clock: nothing else says that it is time.
            try? await Task.sleep(until: moment, clock: .continuous)
            guard let self else { return }
            self.state.withLock { state in
                if state.ringsAt == moment { state.ringsAt = nil }
            }
            self.bell.ring()
        }
    }

    /// A claim has come back, or steps of jobs are due; they are called in their turn.
    func add(_ calls: [Call], of source: ReadySource) {
        let now = now
        state.withLock { $0.schedule.add(calls, of: source, now) }
        bell.ring()
    }

    /// A call has ended, and its outcome, of so many bytes, waits to be recorded.
    ///
    /// - Returns: the call that takes its place.
    func end(_ call: Call, bytes: Int) -> Call? {
        let now = now
        let (next, isMore) = state.withLock { state in
            let mayAsk = state.schedule.end(call.ready, bytes: bytes, now)
            let next = state.isStopped ? nil : state.schedule.begin(now)
            return (next, mayAsk || state.schedule.hasTurn(now))
        }
        if isMore { bell.ring() }
        return next
    }

    /// Outcomes are on disk.
    func recorded(_ count: Int, bytes: Int) {
        state.withLock { $0.schedule.recorded(count, bytes: bytes) }
        bell.ring()
    }

    /// Waits until a call under way may make a further call, for its next page: a rate counts these, too.
    ///
    /// - Parameters:
    ///   - end: how long it waits; nil: as long as it takes.
    ///   - cancellation: ends the wait as well.
    /// - Returns: false when it may not: its time is over, nobody wants it any more, or the executor stops.
    func turn(
        of source: ReadySource, until end: ContinuousClock.Instant?, cancellation: ExchangeCancellation
    ) async -> Bool {
        let now = now
        let mayCall = await withCheckedContinuation { continuation in
            let number: Int? = state.withLock { state in
                if state.isStopped { return nil }
                state.pagesBegun += 1
                state.schedule.addPage(of: source, now)
                state.pages[source, default: []].append(
                    Page(number: state.pagesBegun, end: end, continuation: continuation))
                return state.pagesBegun
            }
            guard let number else { return continuation.resume(returning: false) }
            cancellation.begin { [weak self] in self?.withdrawPage(number) }
            bell.ring()
        }
        cancellation.end()
        return mayCall
    }

    private func withdrawPage(_ number: Int) {
        let now = now
        let pages = state.withLock { $0.withdrawPages(now) { $0.number == number } }
        for page in pages { page.continuation.resume(returning: false) }
    }

    // MARK: Permits

    /// Postgres has answered what was asked.
    ///
    /// - Returns: claimed exchanges that cannot begin here.
    func permit(
        _ permits: [CallPermit], of askings: [PermitAsking], asked: ContinuousClock.Instant
    ) -> [Call] {
        let now = now
        let stranded = state.withLock { state in
            state.schedule.permit(permits, of: askings, asked: asked, now)
        }
        bell.ring()
        return stranded
    }

    /// Postgres has not answered.
    func refuse(_ askings: [PermitAsking], retryAfter: Duration) {
        let now = now
        state.withLock { $0.schedule.refuse(askings, retryAfter: retryAfter, now) }
        bell.ring()
    }

    /// The worker that permits were given to is no more.
    func forgetPermits() {
        let now = now
        state.withLock { $0.schedule.forgetPermits(now) }
        bell.ring()
    }

    // MARK: Ending

    /// Ends it: ``next()`` returns nil from now on.
    func stop() {
        let pages = state.withLock { state in
            state.isStopped = true
            defer { state.pages = [:] }
            return state.pages.values.flatMap { $0 }
        }
        for page in pages { page.continuation.resume(returning: false) }
        bell.ring()
    }

    /// What was claimed and will not begin any more.
    func removeWaiting() -> [Call] {
        state.withLock { $0.schedule.removeWaiting() }
    }

    /// Takes out calls that have not begun and need not be made; what they came to waits to be recorded.
    func withdraw(_ isOver: (Call) -> Bool) -> [Call] {
        let now = now
        let calls = state.withLock { $0.schedule.withdraw(isOver, now) }
        if !calls.isEmpty { bell.ring() }
        return calls
    }

    /// An outcome waits to be recorded that took no call.
    func addOutcome() {
        state.withLock { $0.schedule.addOutcome() }
    }

    /// The claimed exchanges that have not begun.
    var waitingExchanges: [RunRequestID] { state.withLock { $0.schedule.waitingExchanges } }

    /// Sources of which so many steps of jobs, or more, have not begun.
    func sources(withSteps count: Int) -> [SourceID] { state.withLock { $0.schedule.sources(withSteps: count) } }

    /// Takes out exchanges that have not begun; others are passed over.
    ///
    /// - Returns: how many.
    func remove(_ exchanges: [RunRequestID]) -> Int {
        let now = now
        let count = state.withLock { $0.schedule.remove(Set(exchanges), now) }
        // There is room to claim others.
        if count > 0 { bell.ring() }
        return count
    }

    /// Calls under way.
    var callsInFlight: Int { state.withLock { $0.schedule.calling } }

    /// Outcomes that wait to be recorded.
    var outcomesUnrecorded: Int { state.withLock { $0.schedule.unrecorded } }

    /// Claimed exchanges that wait for a place.
    var callsWaiting: Int { state.withLock { $0.schedule.waiting } }
}

import Store

/// What is under way for one source, and what this executor may do for it: the calls that its permit lets through. Pure.
struct CallLane {
    typealias Instant = ContinuousClock.Instant

    /// How long a permit is kept after the last call, since the next one may come at once.
    static let linger: Duration = .milliseconds(100)
    /// How soon a permit is renewed that has just changed: within this time others get their share.
    static let renewal: Duration = .seconds(1)
    /// How soon it is after a change by an executor that has work for more calls: others give theirs back as they end, a moment later.
    static let settling: Duration = .milliseconds(100)
    /// How late a permit is renewed as long as nothing changes: each time twice as late.
    static let renewalMax: Duration = .seconds(3)
    /// How soon after the last time an executor without a permit asks again when it hears of work.
    static let pause: Duration = .milliseconds(50)
    /// What may not begin for longer than this is left to others: in this executor's hands it would only look as if it were under way.
    static let patience: Duration = .seconds(5)

    var waiting: ArraySlice<Call> = []
    var calling = 0
    /// Whether the source is known to have more work than was claimed.
    var isOffered = false
    /// Calls under way that wait for a start of their own, for their next page.
    var pagesWaiting = 0

    /// Calls that Postgres lets this executor make at once.
    private(set) var slots = 0
    /// Calls that may be under way from now on: fewer than ``slots`` once others are to get their share.
    private(set) var cap = 0
    /// Until when ``cap`` holds without news from Postgres, which might have given the worker up.
    private(set) var validUntil: Instant
    /// Whether calls need a start of the source's rate, too.
    private(set) var isRated = false
    private var starts = 0
    private var startsUntil: Instant
    private var lastStarts = 1
    private(set) var isAsking = false
    /// What was asked for last.
    private var asked = 0
    private var askedAsBusy = false
    private var wasBusy = false
    /// Whether other executors have less than they have work for, as far as is known.
    private var othersWant = false
    private var asksAt: Instant
    private var startsAt: Instant
    private var renewsAt: Instant
    private var returnsAt: Instant
    private var renewsAfter = renewal
    private var idleSince: Instant?

    init(now: Instant) {
        (validUntil, startsUntil, asksAt, startsAt, renewsAt, returnsAt) = (now, now, now, now, now, now)
    }

    var outstanding: Int { waiting.count + calling }

    /// Whether there is anything to remember.
    var isOver: Bool { outstanding == 0 && pagesWaiting == 0 && !isOffered && slots == 0 && !isAsking }

    /// Whether one of the waiting calls may begin now.
    func mayBegin(_ now: Instant) -> Bool {
        !waiting.isEmpty && calling < cap && now < validUntil && (!isRated || starts > 0 && now < startsUntil)
    }

    /// Whether the rate is used up and it takes long until calls may begin.
    func isFarOff(_ now: Instant) -> Bool {
        isRated && startsLeft(now) == 0 && now + Self.patience < startsAt
    }

    private func startsLeft(_ now: Instant) -> Int { now < startsUntil ? max(starts, 0) : 0 }

    /// Whether there is work for all of the calls that it may make, and more.
    var isBusy: Bool { cap > 0 && outstanding >= cap && (isOffered || !waiting.isEmpty) }

    mutating func begin() -> Call? {
        guard let call = waiting.popFirst() else { return nil }
        calling += 1
        if isRated { starts -= 1 }
        return call
    }

    /// Takes starts for pages that wait: they go first, since their exchanges hold places.
    ///
    /// - Returns: how many may go on now.
    mutating func takePages(_ now: Instant) -> Int {
        guard pagesWaiting > 0, now < validUntil else { return 0 }
        let count = !isRated ? pagesWaiting : now < startsUntil ? min(pagesWaiting, starts) : 0
        pagesWaiting -= count
        if isRated { starts -= count }
        return count
    }

    /// How many exchanges may be claimed on top of those outstanding, were this the only source.
    ///
    /// - Returns: the room, and how much of it is worth a statement.
    func room(claimMax: Int, callsMax: Int, now: Instant) -> (room: Int, worth: Int) {
        guard now < validUntil, !isFarOff(now) else { return (0, 1) }
        let concurrency = min(cap, callsMax)
        var ahead = min(claimMax, concurrency)
        // What is claimed and may not begin for long is better left to others.
        if isRated { ahead = min(ahead, 2 * lastStarts) }
        let room = isRated ? min(concurrency, ahead - waiting.count) : concurrency + ahead - outstanding
        return (room, outstanding == 0 || isRated ? 1 : (ahead + 1) / 2)
    }
}

// Permits.
extension CallLane {
    /// What an executor asks of Postgres for one source.
    func asking(of source: ReadySource, callsMax: Int, _ now: Instant) -> PermitAsking {
        PermitAsking(
            source: source, wanted: wanted(callsMax), keep: max(cap, calling), isBusy: isBusy,
            starts: isRated
                ? max(max(min(cap - calling, waiting.count), 0) + pagesWaiting - startsLeft(now), 0) : 0)
    }

    /// More than there is work for is asked for as long as nobody else wants it: the next work may come at once.
    private func wanted(_ callsMax: Int) -> Int {
        if outstanding == 0, !isOffered { return 0 }
        return isOffered || !othersWant ? callsMax : outstanding
    }

    /// When it is time to ask; nil: not as things stand.
    func asks(_ now: Instant) -> Instant? {
        if isAsking { return nil }
        guard outstanding > 0 || isOffered else {
            return slots > 0 ? idleSince.map { $0 + Self.linger } : nil
        }
        var time = cap == 0 ? asksAt : renewsAt
        // All that was asked for was given, and by now there is more to do.
        if isOffered, cap > 0, cap >= asked, calling >= cap { time = min(time, returnsAt) }
        // Some were left for executors that have nothing to do.
        if isBusy, !askedAsBusy { time = min(time, returnsAt) }
        // Others wait for what calls that have ended held.
        if cap < slots, calling < slots { time = min(time, returnsAt) }
        let wantsStarts = pagesWaiting > 0 || !waiting.isEmpty && calling < cap
        if isRated, wantsStarts, starts == 0 || now >= startsUntil { time = min(time, startsAt) }
        return time
    }

    /// Whether it is early to renew the permit, and costs next to nothing beside others.
    func mayRenew(_ now: Instant) -> Bool {
        !isAsking && cap > 0 && (outstanding > 0 || isOffered) && renewsAt - renewsAfter / 4 <= now
    }

    mutating func ask(_ callsMax: Int) {
        isAsking = true
        asked = wanted(callsMax)
        (wasBusy, askedAsBusy) = (askedAsBusy, isBusy)
    }

    /// Somebody says that there is work.
    mutating func offer(_ now: Instant) {
        isOffered = true
        // A permit may have become free.
        asksAt = min(asksAt, max(now, returnsAt))
    }

    /// Postgres has answered.
    mutating func permit(_ permit: CallPermit, asked: Instant, now: Instant, valid: Duration) {
        isAsking = false
        let isNews =
            (permit.slots, min(permit.slots, permit.target), permit.othersWant) != (slots, cap, othersWant)
            || askedAsBusy && !wasBusy
        // Well within the time that it holds.
        let soon = askedAsBusy ? Self.settling : Self.renewal
        renewsAfter = min(isNews ? soon : min(renewsAfter * 2, Self.renewalMax), valid * 2 / 5)
        othersWant = permit.othersWant
        slots = permit.slots
        cap = min(permit.slots, permit.target)
        validUntil = asked + valid
        renewsAt = now + renewsAfter
        returnsAt = now + Self.pause
        asksAt = now + max(permit.wait, Self.renewal)
        startsAt = now + permit.wait
        isRated = permit.starts != nil
        guard let granted = permit.starts, granted > 0 else { return }
        let (left, until) = (startsLeft(now), startsUntil)
        starts = granted + left
        lastStarts = granted
        startsUntil = asked + permit.startsWithin
        if left > 0 { startsUntil = min(startsUntil, until) }
        if now >= startsUntil { startsAt = now }
    }

    /// Postgres has not answered.
    mutating func refuse(_ now: Instant, retryAfter: Duration) {
        isAsking = false
        let time = now + retryAfter
        (renewsAt, asksAt, startsAt, returnsAt) = (time, time, time, time)
    }

    /// The worker that the permit was given to is no more.
    mutating func forgetPermit(_ now: Instant) {
        (slots, cap, starts, asksAt) = (0, 0, 0, now)
    }

    /// Notes since when there is nothing to do.
    mutating func noteIdleness(_ now: Instant) {
        idleSince = outstanding == 0 && !isOffered ? idleSince ?? now : nil
    }
}

/// Which connection works for whom. Pure: the pool takes its lock, asks here what to do, gives the lock back, and does it.
///
/// A slot is a place for one connection. It is *up* while it has a session and *leased* while somebody works on it; both can change at any
/// time, and only a slot that is up and not leased is given away.
struct PoolStateMachine<Waiter: Sendable>: Sendable {
    enum Slot: Sendable, Equatable {
        /// No thread yet. Exits: `open`, `closed`.
        case unopened
        /// A thread owns it. Exits: `closed`; `unopened` if the thread could not be started.
        case open(isUp: Bool, isLeased: Bool)
        /// No exits.
        case closed
    }

    enum Refusal: Sendable, Equatable {
        case closed
        case tooManyWaiters(Int)
    }

    enum SubmitAction {
        case assign(Waiter, slot: Int)
        /// Wait; open a slot if there is one; see to it that somebody calls `expire` at the deadline if there is one.
        case wait(open: Int?, deadline: ContinuousClock.Instant?)
        case refuse(Waiter, Refusal)
    }

    enum FreeAction {
        case none
        case assign(Waiter)
        case close
    }

    private let waitersMax: Int
    private let acquireTimeout: Duration
    private(set) var slots: [Slot]
    /// Free slots; the one used last goes first, because its caches are warm.
    private var idle: [Int] = []
    private var waiting = WaiterQueue<Waiter>()
    private var isClosing = false
    private var isExpiryArmed = false

    init(connectionsMax: Int, waitersMax: Int, acquireTimeout: Duration) {
        self.waitersMax = waitersMax
        self.acquireTimeout = acquireTimeout
        slots = Array(repeating: .unopened, count: connectionsMax)
    }

    var idleCount: Int { idle.count }
    var waiterCount: Int { waiting.count }
    var connectionCount: Int {
        slots.count { if case .open(isUp: true, _) = $0 { true } else { false } }
    }
    /// Slots whose thread tries to connect.
    var connectingCount: Int {
        slots.count { if case .open(isUp: false, _) = $0 { true } else { false } }
    }
    var isClosed: Bool {
        isClosing && slots.allSatisfy { $0 == .closed }
    }

    // MARK: Callers

    mutating func submit(_ waiter: Waiter, ticket: Int, now: ContinuousClock.Instant) -> SubmitAction {
        guard !isClosing else { return .refuse(waiter, .closed) }
        if let slot = takeIdle() { return .assign(waiter, slot: slot) }
        guard waiting.count < waitersMax else { return .refuse(waiter, .tooManyWaiters(waitersMax)) }
        waiting.append(waiter, ticket: ticket, deadline: now.advanced(by: acquireTimeout))
        return .wait(open: slotToOpen(), deadline: armExpiry())
    }

    /// Whoever gave up waiting; nil if it was his turn already.
    mutating func cancel(ticket: Int) -> Waiter? {
        waiting.remove(ticket: ticket)
    }

    /// Those whose time is up, and when to ask again.
    mutating func expire(now: ContinuousClock.Instant) -> (expired: [Waiter], next: ContinuousClock.Instant?) {
        var expired: [Waiter] = []
        while let first = waiting.first, first.deadline <= now {
            if let waiter = waiting.popFirst() { expired.append(waiter) }
        }
        let next = waiting.first?.deadline
        isExpiryArmed = next != nil
        return (expired, next)
    }

    // MARK: Connections

    /// A session is there.
    mutating func ready(_ slot: Int) -> FreeAction {
        guard case .open(_, let isLeased) = slots[slot] else { return .none }
        slots[slot] = .open(isUp: true, isLeased: isLeased)
        return give(slot)
    }

    /// The session is gone; a lease on the slot stays until it is given back.
    mutating func lost(_ slot: Int) {
        guard case .open(_, let isLeased) = slots[slot] else { return }
        slots[slot] = .open(isUp: false, isLeased: isLeased)
        idle.removeAll { $0 == slot }
    }

    /// The lease is over.
    mutating func finished(_ slot: Int) -> FreeAction {
        guard case .open(let isUp, isLeased: true) = slots[slot] else { return .none }
        slots[slot] = .open(isUp: isUp, isLeased: false)
        return give(slot)
    }

    /// Someone's session was lost before his work had begun: he goes to another slot or to the head of the queue.
    mutating func returned(
        _ slot: Int, _ waiter: Waiter, ticket: Int, now: ContinuousClock.Instant
    ) -> SubmitAction {
        slots[slot] = .open(isUp: false, isLeased: false)
        guard !isClosing else { return .refuse(waiter, .closed) }
        if let slot = takeIdle() { return .assign(waiter, slot: slot) }
        waiting.prepend(waiter, ticket: ticket, deadline: now.advanced(by: acquireTimeout))
        return .wait(open: slotToOpen(), deadline: armExpiry())
    }

    /// The slot's thread could not be started.
    mutating func openFailed(_ slot: Int) {
        slots[slot] = isClosing ? .closed : .unopened
    }

    // MARK: Closing

    /// Nobody gets a connection any more. Leased slots are closed when they are given back.
    mutating func close() -> (refused: [Waiter], slots: [Int]) {
        isClosing = true
        idle.removeAll()
        var closing: [Int] = []
        for (index, slot) in slots.enumerated() {
            switch slot {
            case .unopened: slots[index] = .closed
            case .open(_, isLeased: false): closing.append(index)
            case .open, .closed: break
            }
        }
        return (waiting.removeAll(), closing)
    }

    /// The slot's thread has ended.
    mutating func closed(_ slot: Int) {
        slots[slot] = .closed
        idle.removeAll { $0 == slot }
    }

    // MARK: Details

    private mutating func takeIdle() -> Int? {
        guard let slot = idle.popLast() else { return nil }
        slots[slot] = .open(isUp: true, isLeased: true)
        return slot
    }

    private mutating func give(_ slot: Int) -> FreeAction {
        guard case .open(let isUp, isLeased: false) = slots[slot] else { return .none }
        guard !isClosing else { return .close }
        guard isUp else { return .none }
        guard let waiter = waiting.popFirst() else {
            idle.append(slot)
            return .none
        }
        slots[slot] = .open(isUp: true, isLeased: true)
        return .assign(waiter)
    }

    /// One more connection, unless enough are on their way for those who wait.
    private mutating func slotToOpen() -> Int? {
        guard connectingCount < waiting.count, let slot = slots.firstIndex(of: .unopened) else { return nil }
        slots[slot] = .open(isUp: false, isLeased: false)
        return slot
    }

    private mutating func armExpiry() -> ContinuousClock.Instant? {
        guard !isExpiryArmed else { return nil }
        isExpiryArmed = true
        return waiting.first?.deadline
    }
}

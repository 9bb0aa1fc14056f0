/// Those who wait for a connection, first come first served. Joining, leaving and cancelling take constant time.
///
/// Whoever cancels leaves the dictionary at once; his place in the order is skipped later, and the order is swept before such places
/// outnumber the rest.
struct WaiterQueue<Waiter: Sendable>: Sendable {
    struct Entry: Sendable {
        let waiter: Waiter
        let deadline: ContinuousClock.Instant
    }

    private var entries: [Int: Entry] = [:]
    private var order: [Int] = []
    private var head = 0

    var count: Int { entries.count }
    /// Places in the order, those of who is gone included.
    var placeCount: Int { order.count - head }

    mutating func append(_ waiter: Waiter, ticket: Int, deadline: ContinuousClock.Instant) {
        sweep()
        entries[ticket] = Entry(waiter: waiter, deadline: deadline)
        order.append(ticket)
    }

    /// Puts someone back who had his turn in vain. Nobody in front of others may have a later deadline than they.
    mutating func prepend(_ waiter: Waiter, ticket: Int, deadline: ContinuousClock.Instant) {
        let deadline = min(deadline, first?.deadline ?? deadline)
        entries[ticket] = Entry(waiter: waiter, deadline: deadline)
        if head > 0 {
            head -= 1
            order[head] = ticket
        } else {
            order.insert(ticket, at: 0)
        }
    }

    /// Whose turn is next; deadlines grow from here on.
    var first: Entry? {
        mutating get {
            skipCancelled()
            return head < order.count ? entries[order[head]] : nil
        }
    }

    mutating func popFirst() -> Waiter? {
        skipCancelled()
        guard head < order.count else { return nil }
        defer { head += 1 }
        return entries.removeValue(forKey: order[head])?.waiter
    }

    mutating func remove(ticket: Int) -> Waiter? {
        entries.removeValue(forKey: ticket)?.waiter
    }

    mutating func removeAll() -> [Waiter] {
        var all: [Waiter] = []
        while let waiter = popFirst() { all.append(waiter) }
        return all
    }

    private mutating func skipCancelled() {
        while head < order.count, entries[order[head]] == nil { head += 1 }
    }

    /// Places of those who are gone, below which sweeping is not worth it.
    private static var emptyPlacesMax: Int { 64 }

    private mutating func sweep() {
        guard order.count > 2 * entries.count + Self.emptyPlacesMax else { return }
        order = order[head...].filter { entries[$0] != nil }
        head = 0
    }
}

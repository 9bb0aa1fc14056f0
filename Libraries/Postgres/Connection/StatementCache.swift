/// Which statements a session has prepared, and under which names. Pure: the caller sends what the answers ask for.
///
/// An entry is *pending* from the moment its preparation is appended to a flight until the server's answer to it is there.
struct StatementCache {
    /// The same text with other parameter types is another prepared statement.
    struct Key: Hashable, Sendable {
        let statement: Statement
        let types: ArraySlice<UInt32>
    }

    private struct Entry {
        let name: String
        var isPending: Bool
        var lastUse: UInt64
    }

    enum Answer: Equatable {
        /// Prepared before this flight.
        case prepared(name: String)
        /// Prepared earlier in this flight.
        case pending(name: String)
        /// Not known: prepare it under this name.
        case missing(name: String)
    }

    let capacity: Int
    private var entries: [Key: Entry] = [:]
    private var pending: [Key] = []
    private var clock: UInt64 = 0
    /// Names that the session still holds and nobody will use again.
    private(set) var discarded: [String] = []

    init(capacity: Int) {
        self.capacity = capacity
    }

    var count: Int { entries.count }

    /// The name to execute a statement by.
    mutating func answer(for key: Key) -> Answer {
        clock += 1
        if let index = entries.index(forKey: key) {
            entries.values[index].lastUse = clock
            let entry = entries.values[index]
            return entry.isPending ? .pending(name: entry.name) : .prepared(name: entry.name)
        }
        let name = Self.name(of: key.statement, number: clock)
        entries[key] = Entry(name: name, isPending: true, lastUse: clock)
        pending.append(key)
        return .missing(name: name)
    }

    /// The server has prepared it.
    mutating func confirm(_ key: Key) {
        entries[key]?.isPending = false
    }

    /// The flight is over: what was not confirmed was not prepared, and what is too much goes, least recently used first.
    mutating func flightEnded() {
        for key in pending where entries[key]?.isPending == true { entries[key] = nil }
        pending.removeAll(keepingCapacity: true)
        guard entries.count > capacity else { return }
        let oldest = entries.sorted { $0.value.lastUse < $1.value.lastUse }.prefix(entries.count - capacity)
        for (key, _) in oldest { discard(key) }
    }

    /// The session's statement is of no use any more, for instance because a table's columns changed.
    mutating func discard(_ key: Key) {
        if let entry = entries.removeValue(forKey: key) { discarded.append(entry.name) }
    }

    /// The session has lost its statements.
    mutating func removeAll() {
        entries.removeAll()
        discarded.removeAll()
    }

    /// The discarded names were deallocated.
    mutating func deallocated() {
        discarded.removeAll()
    }

    /// Letters, digits and underscores only, and short of the server's 63 bytes.
    private static func name(of statement: Statement, number: UInt64) -> String {
        let readable = statement.name.utf8.prefix(40).map { byte -> UInt8 in
            let isPlain =
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            return isPlain ? byte : UInt8(ascii: "_")
        }
        return "weir_\(String(decoding: readable, as: UTF8.self))_\(number)"
    }
}

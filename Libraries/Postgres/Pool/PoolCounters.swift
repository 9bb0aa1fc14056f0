internal import Synchronization

/// Counts of a pool's work since it was made.
final class PoolCounters: Sendable {
    private let statements = Atomic<Int>(0)
    private let roundTrips = Atomic<Int>(0)
    private let reconnects = Atomic<Int>(0)

    func executed(_ count: Int) { statements.add(count, ordering: .relaxed) }
    func roundTrip() { roundTrips.add(1, ordering: .relaxed) }
    func reconnected() { reconnects.add(1, ordering: .relaxed) }

    /// Adds the counts to what the pool knows about its connections.
    func fill(_ statistics: inout PostgresPoolStatistics) {
        statistics.statementsExecuted = statements.load(ordering: .relaxed)
        statistics.roundTrips = roundTrips.load(ordering: .relaxed)
        statistics.reconnects = reconnects.load(ordering: .relaxed)
    }
}

/// A pool's condition at one moment, and its work since it was made.
public struct PostgresPoolStatistics: Sendable, Hashable {
    /// Sessions that are open.
    public internal(set) var connections = 0
    /// Open sessions that nobody uses.
    public internal(set) var idle = 0
    /// Calls that wait for a connection.
    public internal(set) var waiters = 0
    /// Statements of callers that were sent; BEGIN, COMMIT, ROLLBACK and the pool's own are not counted.
    public internal(set) var statementsExecuted = 0
    /// Exchanges with the server, whatever was in them.
    public internal(set) var roundTrips = 0
    /// Sessions that were made in place of a lost one.
    public internal(set) var reconnects = 0
}

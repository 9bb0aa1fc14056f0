import Postgres

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// How often one transition happened.
public struct TransitionCount: Sendable, Hashable {
    /// The table.
    public let entity: String
    /// The state that was left; nil for rows that were inserted.
    public let fromState: String?
    /// The state that was entered.
    public let toState: String
    /// How often.
    public let count: Int
}

/// How long rows had been in a state when they left it.
public struct StateDurations: Sendable, Hashable {
    /// The table.
    public let entity: String
    /// The state that was left.
    public let fromState: String
    /// How many lie under each bound and not under the one before; the last lie above all bounds.
    public internal(set) var counts: [UInt64]
    /// The sum of all, in seconds.
    public internal(set) var seconds: Double
}

extension MonitoringStore {
    private static let time = Statement("monitoring.time", "select clock_timestamp() - $1::interval")

    private static let transitions = Statement(
        "monitoring.transitions",
        "select entity, from_state, to_state, transitions from etl_api.transition_counts($1, $2)")

    private static let durations = Statement(
        "monitoring.durations",
        "select entity, from_state, bucket, rows, seconds from etl_api.state_duration_buckets($1, $2, $3, $4) order by 1, 2, 3"
    )

    /// The time by the server's clock, some time ago.
    public func time(ago: Duration) async throws(PostgresError) -> Date {
        try await pool.execute(Self.time, ago)[0].decode(Date.self, at: 0)
    }

    /// Counts the transitions from one moment to another, which is left out.
    public func transitions(from start: Date, to end: Date) async throws(PostgresError) -> [TransitionCount] {
        var counts: [TransitionCount] = []
        for row in try await pool.execute(Self.transitions, start, end) {
            let (entity, from, to, count) = try row.decode((String, String?, String, Int64).self)
            counts.append(TransitionCount(entity: entity, fromState: from, toState: to, count: Int(count)))
        }
        return counts
    }

    /// How long rows had been in the states that they left, from one moment to another.
    ///
    /// - Parameters:
    ///   - every: of how many transitions one is looked at.
    ///   - bounds: the upper bounds of the buckets, in seconds, ascending.
    public func durations(
        from start: Date, to end: Date, every: Int, bounds: [Double]
    ) async throws(PostgresError) -> [StateDurations] {
        var durations: [StateDurations] = []
        for row in try await pool.execute(Self.durations, start, end, Int32(clamping: every), bounds) {
            let (entity, from, bucket, count, seconds) = try row.decode((String, String, Int32, Int64, Double).self)
            if durations.last?.entity != entity || durations.last?.fromState != from {
                durations.append(
                    StateDurations(
                        entity: entity, fromState: from, counts: Array(repeating: 0, count: bounds.count + 1),
                        seconds: 0))
            }
            durations[durations.count - 1].counts[Int(bucket)] = UInt64(count)
            durations[durations.count - 1].seconds += seconds
        }
        return durations
    }
}

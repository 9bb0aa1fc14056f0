import Glibc

/// The time of day, as a value that can be replaced: tests move it by hand.
///
/// It serves ids and timestamps that leave the process. Time-outs use the monotonic clock (`ContinuousClock`), leases and due
/// times the database's.
public struct WallClock: Sendable {
    private let read: @Sendable () -> Int64

    /// A clock that asks `nanosecondsSinceEpoch` for the nanoseconds since 1970-01-01T00:00:00Z.
    public init(nanosecondsSinceEpoch: @escaping @Sendable () -> Int64) {
        read = nanosecondsSinceEpoch
    }

    /// The system's clock (`CLOCK_REALTIME`).
    public static let system = WallClock {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    /// Nanoseconds since 1970-01-01T00:00:00Z.
    public func nanosecondsSinceEpoch() -> Int64 { read() }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    public func millisecondsSinceEpoch() -> Int64 { read() / 1_000_000 }
}

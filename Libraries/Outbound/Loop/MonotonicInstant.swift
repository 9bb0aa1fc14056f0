import Glibc

/// A point in time on the system's monotonic clock, in nanoseconds.
///
/// `ContinuousClock.Instant` would do the same with 128-bit arithmetic; the loop compares instants on each turn.
struct MonotonicInstant: Comparable, Sendable {
    let nanoseconds: UInt64

    static let distantFuture = MonotonicInstant(nanoseconds: .max)

    static var now: MonotonicInstant {
        MonotonicInstant(nanoseconds: nanoseconds(CLOCK_MONOTONIC))
    }

    static func < (left: MonotonicInstant, right: MonotonicInstant) -> Bool {
        left.nanoseconds < right.nanoseconds
    }

    static func + (instant: MonotonicInstant, duration: Duration) -> MonotonicInstant {
        let (sum, overflow) = instant.nanoseconds.addingReportingOverflow(duration.wholeNanoseconds)
        return overflow ? .distantFuture : MonotonicInstant(nanoseconds: sum)
    }

    func duration(to later: MonotonicInstant) -> Duration {
        .nanoseconds(Int64(clamping: later.nanoseconds > nanoseconds ? later.nanoseconds - nanoseconds : 0))
    }

    /// Milliseconds until a later instant, rounded up so that a sleep of that length does not end too early; 0 if it
    /// has passed.
    func milliseconds(until later: MonotonicInstant) -> Int {
        guard later.nanoseconds > nanoseconds else { return 0 }
        let (quotient, remainder) = (later.nanoseconds - nanoseconds).quotientAndRemainder(dividingBy: 1_000_000)
        return Int(clamping: quotient + (remainder == 0 ? 0 : 1))
    }

    private static func nanoseconds(_ clock: clockid_t) -> UInt64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}

extension Duration {
    /// The duration in nanoseconds; negative ones are 0, and those beyond 292 years are that.
    var wholeNanoseconds: UInt64 {
        let (seconds, attoseconds) = components
        guard seconds >= 0, attoseconds >= 0 else { return 0 }
        guard seconds < 9_000_000_000 else { return UInt64(Int64.max) }
        return UInt64(seconds) * 1_000_000_000 + UInt64(attoseconds / 1_000_000_000)
    }

    /// The duration in milliseconds, rounded up, at least 1, at most what libcurl takes.
    var milliseconds: Int {
        let whole = wholeNanoseconds
        return max(1, min(Int(Int32.max), Int((whole + 999_999) / 1_000_000)))
    }
}

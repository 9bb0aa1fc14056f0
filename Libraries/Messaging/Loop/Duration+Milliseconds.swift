extension Duration {
    /// Milliseconds as libzmq takes them: rounded down, at least 1 for a positive duration, at most 24 days.
    package var wholeMilliseconds: Int32 {
        guard self > .zero else { return 0 }
        let (seconds, attoseconds) = components
        guard seconds < 2_000_000 else { return 2_000_000_000 }
        return max(1, Int32(seconds * 1_000 + attoseconds / 1_000_000_000_000_000))
    }

    /// Milliseconds rounded up, for waits that must not end before their time.
    package var wholeMillisecondsRoundedUp: Int32 {
        guard self > .zero else { return 0 }
        return (self + .nanoseconds(999_999)).wholeMilliseconds
    }
}

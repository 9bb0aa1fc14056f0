extension RetryPolicy {
    /// The longest `Retry-After` that is honoured; an API that asks for more is asked again after this.
    public static let retryAfterMax: Duration = .seconds(3600)

    /// How long to wait after a failed attempt; nil when it was the last.
    ///
    /// - Parameters:
    ///   - attempt: the attempt that failed, from 1.
    ///   - retryAfter: what the API asked for.
    ///   - random: a number from 0 to 1; the wait is between half and all of the back-off, so that runs that failed together do
    ///     not come back together.
    public func delay(afterAttempt attempt: Int, retryAfter: Duration?, random: Double) -> Duration? {
        guard attempt < attempts else { return nil }
        let doubled = Duration.milliseconds(baseMilliseconds) * (1 << min(attempt - 1, 20))
        let backoff = min(doubled, .milliseconds(maxMilliseconds)) * (0.5 + random / 2)
        guard let retryAfter else { return backoff }
        return max(backoff, min(retryAfter, Self.retryAfterMax))
    }
}

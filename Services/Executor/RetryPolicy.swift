import JSON

/// When a call that failed is made again: exponential back-off with jitter, and what the API itself asks for.
struct RetryPolicy: Sendable, Equatable {
    /// Calls in all, the first included.
    var attempts = 4
    /// The wait after the first failure; it doubles with each further one.
    var base: Duration = .milliseconds(500)
    /// The longest wait that the policy itself asks for.
    var longest: Duration = .seconds(30)

    /// The longest `Retry-After` that is honoured; an API that asks for more is asked again after this.
    static let retryAfterMax: Duration = .seconds(3600)

    /// Reads the `retry` member of a source's setup; what is missing takes its default.
    init(_ setup: JSONValue?) {
        if let value = setup?["attempts"]?.intValue { attempts = value }
        if let value = setup?["base_seconds"]?.doubleValue { base = .seconds(value) }
        if let value = setup?["max_seconds"]?.doubleValue { longest = .seconds(value) }
    }

    /// How long to wait after a failed attempt; nil when it was the last.
    ///
    /// - Parameters:
    ///   - attempt: the attempt that failed, from 1.
    ///   - retryAfter: what the API asked for.
    ///   - random: a number from 0 to 1; the wait is between half and all of the back-off, so that runs that failed together do
    ///     not come back together.
    func delay(afterAttempt attempt: Int, retryAfter: Duration?, random: Double) -> Duration? {
        guard attempt < attempts else { return nil }
        let doubled = base * (1 << min(attempt - 1, 20))
        let backoff = min(doubled, longest) * (0.5 + random / 2)
        guard let retryAfter else { return backoff }
        return max(backoff, min(retryAfter, Self.retryAfterMax))
    }
}

/// When a webhook that was not taken is posted again.
struct DeliveryPolicy: Sendable {
    /// The wait after each failed attempt; one attempt more than there are waits is made.
    var waits: [Duration] = [
        .seconds(5), .seconds(5 * 60), .seconds(30 * 60), .seconds(2 * 3600), .seconds(5 * 3600), .seconds(10 * 3600),
        .seconds(14 * 3600), .seconds(20 * 3600), .seconds(24 * 3600),
    ]

    /// The most waits that may be set.
    static let waitsMax = 50
    /// The longest `Retry-After` that is honoured, and the longest wait that may be set.
    static let waitMax: Duration = .seconds(24 * 3600)
    /// How long an endpoint is left alone at the least that had too much to do: it answered 429, or not in time.
    static let overloadWait: Duration = .seconds(60)
    /// How long a delivery waits that this process could not post: it has too much to do, or stops.
    static let postponement: Duration = .seconds(5)
    /// How long a delivery waits whose endpoint lacks a secret or a header, as the endpoint is left alone at first
    /// (`etl_api.note_delivery_attempts`).
    static let incompleteWait: Duration = .seconds(30)

    /// Why an attempt failed, as far as the wait depends on it.
    struct Failure: Sendable {
        /// Whether the endpoint had too much to do.
        var isOverload = false
        /// What the endpoint asked for; longer than the schedule it is honoured.
        var retryAfter: Duration?
    }

    /// The wait of what this process could not post; up to a fifth shorter, as in the schedule.
    func postponement(random: Double) -> Duration {
        Self.postponement * (0.8 + random * 0.2)
    }

    /// The wait of what could not be made, with the same jitter.
    func incompleteWait(random: Double) -> Duration {
        Self.incompleteWait * (0.8 + random * 0.2)
    }

    /// The wait after a failed attempt, from 1; nil when it was the last. Between 80 and 100 % of the schedule, so that deliveries
    /// that failed together do not come back together; and up to a tenth longer than the endpoint asked for, never shorter.
    func wait(afterAttempt attempt: Int, _ failure: Failure = Failure(), random: Double) -> Duration? {
        guard attempt <= waits.count else { return nil }
        let scheduled = waits[max(attempt, 1) - 1] * (0.8 + random * 0.2)
        let asked = max(failure.retryAfter ?? .zero, failure.isOverload ? Self.overloadWait : .zero)
        return min(max(scheduled, asked * (1 + random * 0.1)), Self.waitMax)
    }
}

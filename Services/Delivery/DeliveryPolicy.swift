/// When a webhook that was not taken is posted again.
struct DeliveryPolicy: Sendable {
    /// The wait after each failed attempt; one attempt more than there are waits is made.
    var waits: [Duration] = [.seconds(1), .seconds(5), .seconds(30), .seconds(120), .seconds(600)]

    /// The wait after a failed attempt, from 1; nil when it was the last. Between 80 and 100 % of the schedule, so that deliveries
    /// that failed together do not come back together.
    func wait(afterAttempt attempt: Int, random: Double) -> Duration? {
        guard attempt <= waits.count else { return nil }
        return waits[attempt - 1] * (0.8 + random * 0.2)
    }
}

/// Exponential back-off with jitter: the wait before attempt `n` is drawn up to `base` times 2 to the power of `n - 2`.
public struct RetryPolicy: Sendable, Hashable {
    /// How often an exchange is tried in all; 1 means never again.
    public var attempts: Int
    /// The first wait, in milliseconds.
    public var baseMilliseconds: Int
    /// The longest wait that the policy itself asks for, in milliseconds.
    public var maxMilliseconds: Int

    /// A policy.
    public init(attempts: Int = 4, baseMilliseconds: Int = 500, maxMilliseconds: Int = 30_000) {
        self.attempts = attempts
        self.baseMilliseconds = baseMilliseconds
        self.maxMilliseconds = maxMilliseconds
    }
}

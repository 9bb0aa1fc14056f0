/// What a request comes to, told when it is accepted.
public struct Plan: Sendable, Equatable {
    /// How many runs: one for each object and source.
    public let runs: Int
    /// How many calls of third-party APIs at the least; retries come on top.
    public let calls: Int

    /// A plan of runs and calls.
    public init(runs: Int, calls: Int) {
        self.runs = runs
        self.calls = calls
    }
}

/// The runs of a request by outcome.
public struct RunCounts: Sendable, Equatable {
    /// All runs made so far.
    public let total: Int
    /// Those that succeeded.
    public let done: Int
    /// Those that failed for good.
    public let failed: Int
    /// Those that could not be executed.
    public let invalid: Int
    /// Those that took too long.
    public let timedout: Int

    /// Counts by outcome.
    public init(total: Int, done: Int, failed: Int, invalid: Int, timedout: Int) {
        self.total = total
        self.done = done
        self.failed = failed
        self.invalid = invalid
        self.timedout = timedout
    }

    /// Those that have not ended yet.
    public var open: Int { total - done - failed - invalid - timedout }
}

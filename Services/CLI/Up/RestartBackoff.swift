/// How long to wait before a service that ended is started again: 250 ms, doubled each time up to 10 s, and from the beginning
/// after it has run for 30 s.
struct RestartBackoff: Sendable, Equatable {
    static let first: Duration = .milliseconds(250)
    static let longest: Duration = .seconds(10)
    static let steadyRun: Duration = .seconds(30)

    private var next = RestartBackoff.first

    /// The wait after a run of that length.
    mutating func delay(afterRunOf run: Duration) -> Duration {
        if run >= Self.steadyRun { next = Self.first }
        defer { next = min(next * 2, Self.longest) }
        return next
    }
}

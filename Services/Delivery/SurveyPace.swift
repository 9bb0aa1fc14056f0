/// When to look again which endpoints have work: at once when there is news, and never so often that looking takes more than a fifth of
/// the time. Pure.
struct SurveyPace {
    typealias Instant = ContinuousClock.Instant

    private var hasNews = true
    private var next: Instant?
    /// When something that is ready now, but held or not due, can be posted.
    private var opens: Instant?

    /// There may be work that was not there when it was looked last.
    mutating func note() {
        hasNews = true
    }

    /// Whether to look now; the news count as seen.
    mutating func takeTurn(_ now: Instant) -> Bool {
        if let opens, opens <= now { hasNews = true }
        guard hasNews, next.map({ $0 <= now }) ?? true else { return false }
        hasNews = false
        opens = nil
        return true
    }

    /// It was looked.
    ///
    /// - Parameter wait: how long until the first of what is held or not due can be posted.
    mutating func looked(from start: Instant, to end: Instant, wait: Duration?) {
        next = end + (end - start) * 4
        opens = wait.map { end + $0 }
    }

    /// When to look next; nil when nothing but news brings something to do.
    var wake: Instant? {
        guard let next else { return hasNews ? nil : opens }
        if hasNews { return next }
        return opens.map { max($0, next) }
    }
}

/// How fast a source's calls end here, lately. Pure.
struct CallPace {
    typealias Instant = ContinuousClock.Instant

    /// Over how long ends are counted.
    static let window: Duration = .milliseconds(100)
    /// After so long without an end nothing is known any more.
    static let memory: Duration = .seconds(1)

    private var since: Instant?
    private var count = 0
    private var perSecond = 0.0
    private var last: Instant?

    /// A call has ended.
    mutating func note(_ now: Instant) {
        if let last, now - last > Self.memory { (since, count, perSecond) = (nil, 0, 0) }
        last = now
        guard let since else {
            self.since = now
            return
        }
        count += 1
        let length = now - since
        guard length >= Self.window else { return }
        perSecond = Double(count) / (length / .seconds(1))
        (self.since, count) = (now, 0)
    }

    /// How many calls end within a stretch of time, as things went lately.
    func calls(within length: Duration, _ now: Instant) -> Int {
        guard let last, now - last <= Self.memory else { return 0 }
        return Int(perSecond * (length / .seconds(1)))
    }
}

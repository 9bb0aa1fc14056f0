/// How many calls may begin in a stretch of time.
public struct CallRate: Sendable, Hashable {
    /// The calls.
    public var calls: Int
    /// The stretch, in milliseconds.
    public var perMilliseconds: Int

    /// A rate, such as 10 calls per 1,000 ms.
    public init(calls: Int, perMilliseconds: Int) {
        self.calls = calls
        self.perMilliseconds = perMilliseconds
    }
}

/// How many objects of a request meet its factors.
public struct QualificationCounts: Sendable, Equatable {
    /// Those that are known to meet them.
    public var qualified: Int
    /// Those that do not, or of which it is not known.
    public var unqualified: Int

    /// Counts of objects.
    public init(qualified: Int = 0, unqualified: Int = 0) {
        self.qualified = qualified
        self.unqualified = unqualified
    }

    /// The objects of both counts together.
    public static func + (left: Self, right: Self) -> Self {
        Self(qualified: left.qualified + right.qualified, unqualified: left.unqualified + right.unqualified)
    }
}

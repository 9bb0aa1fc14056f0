/// The upper bounds of a histogram's buckets, ascending; `+Inf` is implied.
public struct HistogramBuckets: Sendable, Equatable {
    /// The most bounds a histogram can have.
    public static let boundsMax = 23

    /// The upper bounds, ascending.
    public let bounds: [Double]

    /// Bounds in ascending order; unordered, doubled and infinite ones are put right, those past ``boundsMax`` left out.
    public init(_ bounds: [Double]) {
        self.bounds = Array(Set(bounds.filter(\.isFinite)).sorted().prefix(Self.boundsMax))
    }

    /// From 100 microseconds to 60 seconds, in seconds: queries, calls, stages.
    public static let seconds = Self([
        0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
    ])

    /// From 10 milliseconds to 60 seconds, in seconds: calls of somebody else's servers, of which there are many.
    public static let callSeconds = Self([0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60])

    /// From 1 to 1,000: how many items a batch had.
    public static let batchSizes = Self([1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000])

    /// From 256 bytes to 16 MiB: bodies.
    public static let bytes = Self([
        256, 1_024, 4_096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304, 16_777_216,
    ])
}

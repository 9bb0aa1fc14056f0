import JSON

/// The bounds of mapping one answer. Hitting one is a ``MappingError`` that names it.
public struct MappingLimits: Sendable, Hashable {
    /// Bounds of the document: bytes and nesting.
    public var json: JSONLimits
    /// The most places that all patterns together may match, and the most values that may come of them. Default: 100,000.
    public var matchesMax: Int
    /// The longest object name, in bytes; a longer one is reported and its object left out. Default: 1,024, which fits an index
    /// entry of Postgres.
    public var objectNameBytesMax: Int

    /// Creates bounds.
    public init(json: JSONLimits = JSONLimits(), matchesMax: Int = 100_000, objectNameBytesMax: Int = 1024) {
        self.json = json
        self.matchesMax = matchesMax
        self.objectNameBytesMax = objectNameBytesMax
    }
}

/// The bounds of one catalogue file. Hitting one is a problem that names it, never a shortened catalogue.
public struct CatalogueLimits: Sendable, Hashable {
    /// The longest file, in bytes of UTF-8. Default: 1 MiB.
    public var bytesMax = 1 << 20
    /// The deepest nesting of mappings and lists. Default: 32.
    public var depthMax = 32
    /// The most keys, values, lists and mappings, counted after aliases have been put in. Default: 100,000.
    public var nodesMax = 100_000
    /// The most aliases (`*name`). A few aliases of aliases already stand for billions of values. Default: 16.
    public var aliasesMax = 16
    /// The most problems that are collected before reading stops. Default: 100.
    public var problemsMax = 100

    /// The default bounds.
    public init() {}
}

import Sources

/// A limit that sources share, of one organization or of several. At least one of its two parts is there.
public struct RateGroupDefinition: Sendable, Hashable {
    /// The key, unique in the installation.
    public let key: String
    /// How many calls of all its sources may be in flight at once; nil: any number.
    public let concurrency: Int?
    /// How many calls of all its sources may begin in a stretch of time; nil: any number.
    public let rate: CallRate?
}

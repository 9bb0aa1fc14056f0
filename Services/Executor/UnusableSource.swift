/// Why nothing can be done for a source as it is stored.
struct UnusableSource: Error, CustomStringConvertible {
    /// A sentence for people, without a full stop.
    let reason: String
    /// Whether there is hope: somebody may mend it.
    let isStored: Bool

    private init(reason: String, isStored: Bool) {
        self.reason = reason
        self.isStored = isStored
    }

    /// Something in it cannot be read; the catalogue was checked when it was applied, so that it was written past it, or by a newer version.
    init(unreadable error: any Error) {
        self.init(
            reason: "its source cannot be used as it is stored (\(error)); apply its catalogue again", isStored: true)
    }

    /// It was removed.
    static let gone = UnusableSource(reason: "its source does not exist any more", isStored: false)

    var description: String { reason }
}

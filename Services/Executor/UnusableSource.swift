/// Why nothing can be done for a source as it is stored.
struct UnusableSource: Error, CustomStringConvertible {
    /// How long work is left alone whose source cannot be used.
    static let holdBack: Duration = .seconds(30)
    /// How much is told of what is wrong, in characters.
    private static let causeMax = 500

    /// A sentence for people, without a full stop.
    let reason: String
    /// Whether there is hope: somebody may mend it.
    let isStored: Bool

    private init(reason: String, isStored: Bool) {
        self.reason = reason
        self.isStored = isStored
    }

    /// Something in it cannot be read; the catalogue was checked when it was applied, so that it was written past it, or by a newer version.
    ///
    /// - Parameter key: of the source.
    init(_ key: String, unreadable error: any Error) {
        let cause = "\(error)".prefix(Self.causeMax)
        self.init(
            reason: "its source \(key) cannot be used as it is stored (\(cause)); apply its catalogue again",
            isStored: true)
    }

    /// It was removed.
    static let gone = UnusableSource(reason: "its source does not exist any more", isStored: false)

    var description: String { reason }
}

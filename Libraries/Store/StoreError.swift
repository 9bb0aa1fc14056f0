/// What the database holds contradicts what this program knows: a sign of rows that were written past it.
public struct StoreError: Error, Sendable, CustomStringConvertible {
    /// What was found, and where.
    public let description: String

    init(_ description: String) {
        self.description = description
    }
}

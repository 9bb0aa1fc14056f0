import Postgres

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A change of state that the database refused, as far as its error tells.
public struct RefusedTransition: Sendable, Equatable {
    /// The SQLSTATE of a transition that `state_transition` does not hold.
    public static let sqlState = "WR001"

    /// What the database said: the row, both states, and what would have been allowed.
    public let message: String
    /// The table.
    public let entity: String?
    /// The row; the first one when several were refused.
    public let row: UUID?
    /// The state that it is in.
    public let fromState: String?
    /// The state that it was to have.
    public let toState: String?
    /// The name of the statement that tried.
    public let statement: String?

    /// Reads an error; nil when it says something else.
    public init?(_ error: PostgresError) {
        guard error.sqlState == Self.sqlState else { return nil }
        self.init(message: error.message, entity: error.table, statement: error.statementName)
    }

    /// Reads "run_queue 0190…: ready → done is not an allowed transition; …". What does not stand there stays nil.
    init(message: String, entity: String?, statement: String?) {
        self.message = message
        self.entity = entity
        self.statement = statement
        let words = message.split(separator: " ", maxSplits: 5)
        guard words.count > 4, words[1].last == ":", words[3] == "→",
            let id = UUID(uuidString: "\(words[1].dropLast())")
        else {
            (row, fromState, toState) = (nil, nil, nil)
            return
        }
        (row, fromState, toState) = (id, String(words[2]), String(words[4]))
    }
}

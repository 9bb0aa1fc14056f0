import Contracts
import Hummingbird

/// The parameters of a list: `limit`, `cursor`, where the list has states `state`, which may be given several times, and perhaps what it is
/// about.
struct ListQuery {
    /// The bounds of `limit`, and what it is unless said otherwise.
    static let limits = 1...200
    static let limitDefault = 50

    let limit: Int
    let cursor: String?
    /// nil for all.
    let states: [String]?
    /// What the list is to be about; nil for all.
    let subject: String?

    /// Refuses whatever else is asked for.
    ///
    /// - Parameters:
    ///   - known: the states that there are; none when the list has no states.
    ///   - filter: the parameter that says what the list is to be about, if it has one.
    init(_ request: Request, states known: [String] = [], about filter: String? = nil) throws {
        let query = request.uri.queryParameters
        let names = (known.isEmpty ? [] : ["state"]) + (filter.map { [$0] } ?? []) + ["limit", "cursor"]
        if let unknown = query.first(where: { !names.contains(String($0.key)) }) {
            throw Problem.parameter(
                String(unknown.key.prefix(100)),
                "there is no such parameter; known are \(names.joined(separator: ", "))")
        }
        limit =
            try query["limit"].map { text in
                guard let number = Int(text), Self.limits.contains(number) else {
                    throw Problem.parameter(
                        "limit", "a number from \(Self.limits.lowerBound) to \(Self.limits.upperBound) is needed")
                }
                return number
            } ?? Self.limitDefault
        cursor = query["cursor"].map { String($0) }
        let states = query.getAll("state").map { String($0) }
        for state in states where !known.contains(state) {
            throw Problem.parameter(
                "state", "\"\(state.prefix(100))\" is no state; there are \(known.joined(separator: ", "))")
        }
        subject = filter.flatMap { query[$0[...]] }.map { String($0) }
        self.states = states.isEmpty ? nil : states
    }

    /// The id that the cursor is, in lists that go on behind one.
    func cursor<Entity>(as _: ID<Entity>.Type = ID<Entity>.self) throws -> ID<Entity>? {
        try cursor.map { text in
            guard let id = ID<Entity>(text) else { throw Self.badCursor }
            return id
        }
    }

    /// The states that requests have.
    static let requestStates = [
        "new", "valid", "invalid", "waiting", "ready", "in_progress", "timedout", "failed", "done", "delivered",
    ]

    static let badCursor = Problem.parameter("cursor", "not a cursor of this list; take it from the answer before")
}

import Contracts
import Hummingbird

/// The parameters of a list: `limit`, `cursor`, and where the list has states `state`, which may be given several times.
struct ListQuery {
    /// The bounds of `limit`, and what it is unless said otherwise.
    static let limits = 1...200
    static let limitDefault = 50

    let limit: Int
    let cursor: String?
    /// nil for all.
    let states: [String]?

    /// Refuses whatever else is asked for.
    ///
    /// - Parameter known: the states that there are; none when the list has no states.
    init(_ request: Request, states known: [String] = []) throws {
        let query = request.uri.queryParameters
        let names = (known.isEmpty ? [] : ["state"]) + ["limit", "cursor"]
        if let unknown = query.first(where: { !names.contains(String($0.key)) }) {
            throw Self.problem(
                String(unknown.key.prefix(100)),
                "there is no such parameter; known are \(names.joined(separator: ", "))")
        }
        limit =
            try query["limit"].map { text in
                guard let number = Int(text), Self.limits.contains(number) else {
                    throw Self.problem(
                        "limit", "a number from \(Self.limits.lowerBound) to \(Self.limits.upperBound) is needed")
                }
                return number
            } ?? Self.limitDefault
        cursor = query["cursor"].map { String($0) }
        let states = query.getAll("state").map { String($0) }
        for state in states where !known.contains(state) {
            throw Self.problem(
                "state", "\"\(state.prefix(100))\" is no state; there are \(known.joined(separator: ", "))")
        }
        self.states = states.isEmpty ? nil : states
    }

    static let badCursor = problem("cursor", "not a cursor of this list; take it from the answer before")

    private static func problem(_ parameter: String, _ message: String) -> Problem {
        Problem(
            code: "invalid_request", status: 422, title: "The request is not valid",
            detail: "?\(parameter): \(message)", violations: [.init(path: "?\(parameter)", message: message)])
    }
}

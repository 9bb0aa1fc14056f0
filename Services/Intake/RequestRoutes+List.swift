import Contracts
import HTTPTypes
import Hummingbird
import JSON
import Store

/// `GET /v1/activity-requests`.
extension RequestRoutes {
    /// The bounds of `limit`, and what it is unless said otherwise.
    static let listLimits = 1...200
    static let listLimit = 50

    @Sendable func list(_ request: Request, context: BasicRequestContext) async throws -> Response {
        let org = try await organization(of: request)
        let query = request.uri.queryParameters
        if let unknown = query.first(where: { !["state", "activity", "limit", "cursor"].contains($0.key) }) {
            throw Self.problem(
                String(unknown.key.prefix(100)), "there is no such parameter; known are state, activity, limit, cursor")
        }
        let limit = try Self.limit(of: query)
        let states = try Self.states(of: query)
        let before = try query["cursor"].map { text in
            guard let id = ActivityRequestID(String(text)) else {
                throw Self.problem("cursor", "not a cursor of this list; take it from the answer before")
            }
            return id
        }
        let page = try await requests.list(
            org: org, before: before, states: states, activity: query["activity"].map { String($0) }, limit: limit)
        return .json([
            "requests": .array(page.requests.map(RequestDocuments.listed)),
            "cursor": page.next.map { JSONValue.string("\($0)") } ?? .null,
        ])
    }

    /// How long a page is asked to be.
    static func limit(of query: Parameters) throws -> Int {
        guard let text = query["limit"] else { return listLimit }
        guard let number = Int(text), listLimits.contains(number) else {
            throw problem("limit", "a number from \(listLimits.lowerBound) to \(listLimits.upperBound) is needed")
        }
        return number
    }

    /// The states that are asked for; nil: all.
    static func states(of query: Parameters) throws -> [String]? {
        let states = query.getAll("state").map { String($0) }
        for state in states where !Self.states.contains(state) {
            throw problem(
                "state", "\"\(state.prefix(100))\" is no state; there are \(Self.states.joined(separator: ", "))")
        }
        return states.isEmpty ? nil : states
    }

    private static let states = [
        "new", "valid", "invalid", "waiting", "ready", "in_progress", "timedout", "failed", "done", "delivered",
    ]

    static func problem(_ parameter: String, _ message: String) -> Problem {
        Problem(
            code: "invalid_request", status: 422, title: "The request is not valid",
            detail: "?\(parameter): \(message)",
            violations: [.init(path: "?\(parameter)", message: message)])
    }
}

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
            throw Problem.parameter(
                String(unknown.key.prefix(100)), "there is no such parameter; known are state, activity, limit, cursor")
        }
        let limit = try query["limit"].map { text in
            guard let number = Int(text), Self.listLimits.contains(number) else {
                throw Problem.parameter(
                    "limit", "a number from \(Self.listLimits.lowerBound) to \(Self.listLimits.upperBound) is needed")
            }
            return number
        }
        let states = query.getAll("state").map { String($0) }
        for state in states where !Self.states.contains(state) {
            throw Problem.parameter(
                "state", "\"\(state.prefix(100))\" is no state; there are \(Self.states.joined(separator: ", "))")
        }
        let before = try query["cursor"].map { text in
            guard let id = ActivityRequestID(String(text)) else {
                throw Problem.parameter("cursor", "not a cursor of this list; take it from the answer before")
            }
            return id
        }
        let page = try await requests.list(
            org: org, before: before, states: states.isEmpty ? nil : states,
            activity: query["activity"].map { String($0) },
            limit: limit ?? Self.listLimit)
        return .json([
            "requests": .array(page.requests.map(RequestDocuments.listed)),
            "cursor": page.next.map { JSONValue.string("\($0)") } ?? .null,
        ])
    }

    private static let states = [
        "new", "valid", "invalid", "waiting", "ready", "in_progress", "timedout", "failed", "done", "delivered",
    ]
}

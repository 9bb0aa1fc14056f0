import Contracts
import HTTPTypes
import Hummingbird
import JSON
import Store

/// `GET /v1/activity-requests`.
extension RequestRoutes {
    @Sendable func list(_ request: Request, context: BasicRequestContext) async throws -> Response {
        let org = try await organization(of: request)
        let query = try ListQuery(request, states: ListQuery.requestStates, about: "activity")
        let page = try await requests.list(
            org: org, before: try query.cursor(), states: query.states, activity: query.subject, limit: query.limit)
        return .json([
            "requests": .array(page.requests.map(RequestDocuments.listed)),
            "cursor": page.next.map { JSONValue.string("\($0)") } ?? .null,
        ])
    }
}

import Assembly
import Contracts
import HTTPTypes
import Hummingbird
import JSON
import Store

/// `/v1/workflow-requests` and `/v1/workflows`: accept, look at, cancel, retry.
struct WorkflowRoutes: Sendable {
    /// Who asks, bodies and runs are the same there.
    let requests: RequestRoutes
    let acceptor: WorkflowAcceptor
    let workflows: WorkflowStore

    func add(to router: Router<BasicRequestContext>) {
        router.group("v1/workflow-requests")
            .post(use: accept)
            .get(use: list)
            .get(":id", use: status)
            .get(":id/timeline", use: timeline)
            .post(":id/cancel", use: cancel)
            .post(":id/retry", use: retry)
        router.get("v1/workflows", use: declared)
    }

    // MARK: Accepting

    @Sendable private func accept(_ request: Request, context: BasicRequestContext) async throws -> Response {
        let org = try await requests.organization(of: request)
        let accepted = try await acceptor.accept(
            try await requests.body(of: request),
            from: .init(
                name: "http", org: org, idempotencyKey: request.headers[.idempotencyKey], trace: request.trace))
        var headers: HTTPFields = [.location: "/v1/workflow-requests/\(accepted.id)"]
        if accepted.isRepeated { headers[.idempotencyReplayed] = "true" }
        return .json(WorkflowDocuments.accepted(accepted), status: .accepted, headers: headers)
    }

    // MARK: Looking

    @Sendable private func status(_ request: Request, context: BasicRequestContext) async throws -> Response {
        let (id, org) = try await (requestID(context), requests.organization(of: request))
        guard let status = try await workflows.status(of: id, org: org) else { throw unknown(id) }
        let deliveries =
            ["done", "delivered", "failed", "timedout"].contains(status.state)
            ? try await workflows.deliveries(of: id, org: org) : []
        return .json(WorkflowDocuments.status(status, deliveries: deliveries))
    }

    @Sendable private func timeline(_ request: Request, context: BasicRequestContext) async throws -> Response {
        let (id, org) = try await (requestID(context), requests.organization(of: request))
        guard try await workflows.status(of: id, org: org) != nil else { throw unknown(id) }
        return .json(RequestDocuments.timeline(of: id, try await workflows.timeline(of: id, org: org)))
    }

    @Sendable private func list(_ request: Request, context: BasicRequestContext) async throws -> Response {
        let org = try await requests.organization(of: request)
        let query = try ListQuery(request, states: ListQuery.requestStates, about: "workflow")
        let page = try await workflows.list(
            org: org, before: try query.cursor(), states: query.states, workflow: query.subject, limit: query.limit)
        return .json([
            "requests": .array(page.requests.map(WorkflowDocuments.listed)),
            "cursor": page.next.map { JSONValue.string("\($0)") } ?? .null,
        ])
    }

    @Sendable private func declared(_ request: Request, context: BasicRequestContext) async throws -> Response {
        let org = try await requests.organization(of: request)
        let (organization, declared) = try await workflows.declared(by: org)
        return .json([
            "organization": .string(organization), "workflows": .array(declared.map(WorkflowDocuments.declared)),
        ])
    }

    // MARK: Cancelling and retrying

    @Sendable private func cancel(_ request: Request, context: BasicRequestContext) async throws -> Response {
        let (id, client) = try await (requestID(context), requests.client(of: request))
        let given = try ActionBody(parsing: try await requests.body(of: request), known: ["reason"])
        let reason = "cancelled by \(client.actor)" + (try given.reason.map { ": \($0)" } ?? "")
        switch try await workflows.cancel(id, org: client.org, actor: client.actor, reason: reason) {
        case nil: throw unknown(id)
        case .tooLate(let state):
            throw Problem(
                code: "request_is_over", status: 409, title: "The request is over",
                detail: "The request is \(state) already; there is nothing left to cancel.")
        case .over, .stopping:
            guard let status = try await workflows.status(of: id, org: client.org) else { throw unknown(id) }
            return .json(WorkflowDocuments.action(status), status: .accepted)
        }
    }

    /// Takes up again what failed, request by request; each answer says where the next call goes on.
    @Sendable private func retry(_ request: Request, context: BasicRequestContext) async throws -> Response {
        let (id, client) = try await (requestID(context), requests.client(of: request))
        let given = try ActionBody(
            parsing: try await requests.body(of: request), known: ["reason", "states", "cursor"])
        let cursor = try given.cursor.map(RetryCursor.init(parsing:))
        guard let begun = try await workflows.beginRetry(id, org: client.org, actor: client.actor) else {
            throw unknown(id)
        }
        guard !begun.isStopping else {
            throw Problem(
                code: "request_is_stopping", status: 409, title: "The request is being ended",
                detail: "Some of its activity requests are being ended. Retry it when they are over.")
        }
        var steps = begun.requests[...]
        if let cursor {
            steps = steps.drop { $0 != cursor.request }
            if steps.isEmpty { throw ActionBody.badCursor }
        }
        var place = cursor?.place ?? 0
        var (retried, reopened, pages) = (0, 0, 0)
        while let step = steps.first, retried < Self.retriedMax, pages < Self.pagesMax {
            let page = try await requests.retryPage(
                RetryFilter(scope: .request(step, from: place), states: try given.states, source: nil),
                client: client, reason: try given.reason)
            pages += 1
            retried += page.retried
            reopened += page.requests
            if case .request(_, let next)? = page.next {
                place = next
            } else {
                steps.removeFirst()
                place = 0
            }
        }
        let next = steps.first.map { RetryCursor(request: $0, place: place) }
        if next == nil { try await workflows.lookAgain(id) }
        return .json(
            [
                "retried": .count(retried), "requests": .count(reopened),
                "cursor": next.map { .string("\($0)") } ?? .null,
            ], status: .accepted)
    }

    /// One call goes on until so many runs have been taken up again.
    private static let retriedMax = 5_000
    /// Or so many pages were looked at, few of whose runs had failed: an answer does not keep its client waiting.
    private static let pagesMax = 10

    private func requestID(_ context: BasicRequestContext) throws -> WorkflowRequestID {
        let text = try context.parameters.require("id")
        guard let id = WorkflowRequestID(text) else {
            throw Problem.notFound("\"\(text)\" is not the id of a request.")
        }
        return id
    }

    private func unknown(_ id: WorkflowRequestID) -> Problem { .notFound("There is no workflow request \(id).") }
}

/// Where a retry of a workflow goes on: at an activity request of it, from the object of a place on.
private struct RetryCursor: CustomStringConvertible {
    let request: ActivityRequestID
    let place: Int

    var description: String { "\(request)/\(place)" }

    init(request: ActivityRequestID, place: Int) {
        self.request = request
        self.place = place
    }

    init(parsing text: String) throws {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let request = ActivityRequestID(String(parts[0])), let place = Int(parts[1]),
            (0...100_000_000).contains(place)
        else { throw ActionBody.badCursor }
        self.init(request: request, place: place)
    }
}

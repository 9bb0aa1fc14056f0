import Assembly
import Contracts
import HTTPTypes
import Hummingbird
import JSON
import Logging
import NIOCore
import Runtime
import Store

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// `/v1/activity-requests`: accept, look at, fetch the result.
struct RequestRoutes: Sendable {
    let acceptor: RequestAcceptor
    let requests: RequestStore
    let runs: RunStore
    let sources: SourceStore
    let quality: QualityStore
    let hints: HintPublisher
    let access: ClientAccess
    let links: ResultLinks?
    let clock: WallClock
    let logger: Logger

    /// A request with more runs shows what there is to say about those without failure when none is open any more.
    static let detailedWhileOpenMax = 10_000

    func add(to router: Router<BasicRequestContext>) {
        router.group("v1/activity-requests")
            .post(use: accept)
            .get(use: list)
            .get(":id", use: status)
            .get(":id/timeline", use: timeline)
            .get(":id/result", use: result)
            .get(":id/quality", use: qualityOfRequest)
            .post(":id/cancel", use: cancel)
            .post(":id/retry", use: retryRequest)
            .post(":id/replay", use: replay)
        router.group("v1/runs").post("retry", use: retryRuns)
        router.group("v1/sources").get(":key/quality", use: qualityOfSource)
    }

    // MARK: Accepting

    @Sendable private func accept(_ request: Request, context: BasicRequestContext) async throws -> Response {
        let org = try await organization(of: request)
        let accepted = try await acceptor.accept(
            try await body(of: request),
            from: .init(
                name: "http", org: org, idempotencyKey: request.headers[.idempotencyKey],
                trace: request.trace))
        logger.about(accepted.id).about(request.trace).debug(
            "A request is accepted.", metadata: ["activity": "\(accepted.activity)", "org": "\(org)"])
        var headers: HTTPFields = [.location: "/v1/activity-requests/\(accepted.id)"]
        if accepted.isRepeated { headers[.idempotencyReplayed] = "true" }
        return .json(RequestDocuments.accepted(accepted), status: .accepted, headers: headers)
    }

    func body(of request: Request) async throws -> [UInt8] { try await access.body(of: request) }

    // MARK: Looking

    @Sendable private func status(_ request: Request, context: BasicRequestContext) async throws -> Response {
        let (id, org) = try await (requestID(context), organization(of: request))
        guard let status = try await requests.status(of: id, org: org) else { throw unknown(id) }
        let runs = status.runs
        let failures =
            runs.failed + runs.invalid + runs.timedout > 0 ? try await requests.outcomes(.failed, of: id, org: org) : []
        // Whoever waits for a large request asks often, and finding these means looking at all of its runs.
        let isSmall = runs.total <= Self.detailedWhileOpenMax
        let waiting = runs.open > 0 && isSmall ? try await requests.outcomes(.waiting, of: id, org: org) : []
        let notes =
            runs.done > 0 && (runs.open == 0 || isSmall) ? try await requests.outcomes(.done, of: id, org: org) : []
        // Deliveries are made when a request ends with an outcome.
        let deliveries =
            ["done", "delivered", "failed", "timedout"].contains(status.state)
            ? try await requests.deliveries(of: id, org: org) : []
        return .json(
            RequestDocuments.status(
                status, failures: failures, waiting: waiting, notes: notes, deliveries: deliveries))
    }

    @Sendable private func timeline(_ request: Request, context: BasicRequestContext) async throws -> Response {
        let (id, org) = try await (requestID(context), organization(of: request))
        guard try await requests.status(of: id, org: org) != nil else { throw unknown(id) }
        return .json(RequestDocuments.timeline(of: id, try await requests.timeline(of: id, org: org)))
    }

    // MARK: Who asks

    func organization(of request: Request) async throws -> OrgID { try await client(of: request).org }

    func client(of request: Request) async throws -> Client { try await access.client(of: request) }

    func requestID(_ context: BasicRequestContext) throws -> ActivityRequestID {
        let text = try context.parameters.require("id")
        guard let id = ActivityRequestID(text) else {
            throw Problem.notFound("\"\(text)\" is not the id of a request.")
        }
        return id
    }

    /// Another tenant's request is as unknown as one that never was.
    func unknown(_ id: ActivityRequestID) -> Problem { .notFound("There is no request \(id).") }
}

extension HTTPField.Name {
    static var idempotencyKey: HTTPField.Name { HTTPField.Name("Idempotency-Key") ?? .contentType }
    static var idempotencyReplayed: HTTPField.Name {
        HTTPField.Name("Idempotency-Replayed") ?? .contentType
    }
}

extension Response {
    static func json(_ value: JSONValue, status: HTTPResponse.Status = .ok, headers: HTTPFields = [:]) -> Response {
        var headers = headers
        headers[.contentType] = "application/json"
        return Response(status: status, headers: headers, body: .init(byteBuffer: ByteBuffer(bytes: value.encoded())))
    }
}

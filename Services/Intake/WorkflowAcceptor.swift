import Assembly
import Contracts
import Crypto
import JSON
import Logging
import Postgres
import Runtime
import Store

/// Accepts a request for a workflow, from wherever it comes: checks it, puts it and its activity requests on disk, and announces those that start.
struct WorkflowAcceptor: Sendable {
    /// An accepted request.
    struct Accepted: Sendable {
        let id: WorkflowRequestID
        let workflow: String
        /// How many activity requests it has.
        let steps: Int
        /// Whether an earlier request of the same idempotency key is answered again.
        let isRepeated: Bool
    }

    /// Requests of plain SQL that are expanded in one turn.
    private static let insertedMax = 100

    let workflows: WorkflowStore
    let hints: HintPublisher
    let ids: IDGenerator
    let limits: ActivityRequestBody.Limits
    let metrics: IntakeMetrics
    let logger: Logger

    /// Accepts a body. It is safe on disk once this returns.
    ///
    /// - Throws: ``Problem`` that tells the client what to do; `PostgresError` when the database is away.
    func accept(_ bytes: [UInt8], from origin: RequestAcceptor.Origin) async throws -> Accepted {
        try await metrics.counting(.workflow, from: origin.name, isRepeated: \.isRepeated) {
            try await acceptUncounted(bytes, from: origin)
        }
    }

    private func acceptUncounted(_ bytes: [UInt8], from origin: RequestAcceptor.Origin) async throws -> Accepted {
        let json = try RequestAcceptor.parse(bytes)
        let body = try WorkflowRequestBody(json, limits: limits)
        if let key = origin.idempotencyKey { try RequestAcceptor.check(key) }
        let request = NewWorkflowRequest(
            id: WorkflowRequestID(ids.next()), org: origin.org, workflow: body.workflow,
            content: JSONB(json.encoded()), origin: origin.name, idempotencyKey: origin.idempotencyKey,
            fingerprint: origin.idempotencyKey.map { _ in Bytea(Array(SHA256.hash(data: bytes))) },
            trace: origin.trace)
        let acceptance = try await workflows.accept(request) { terms in try body.check(terms, limits: limits) }
        switch acceptance {
        case .accepted(let id, let steps, let started):
            for request in started { hints.say(.requestAccepted(request)) }
            return Accepted(id: id, workflow: body.workflow, steps: steps, isRepeated: false)
        case .repeated(let id, let steps):
            return Accepted(id: id, workflow: body.workflow, steps: steps, isRepeated: true)
        case .keyReused(let id):
            throw Problem(
                code: "idempotency_key_reused", status: 409, title: "The idempotency key was used before",
                detail: "Request \(id) came with the same key and another body. Use a new key for a new request.")
        case .unknownWorkflow(let organization, let known):
            throw Self.unknown(body.workflow, of: organization, known: known)
        case .notRunnable(let reason):
            throw Problem(
                code: "workflow_not_runnable", status: 422, title: "The workflow cannot run",
                detail: "\(body.workflow) cannot run: \(reason).",
                violations: [.init(path: "$.workflow", message: reason)])
        }
    }

    /// Expands what came by plain SQL. One request that cannot be expanded keeps none of the others.
    func expandInserted() async throws {
        for id in try await workflows.waitingForExpansion(limit: Self.insertedMax) {
            do {
                for request in try await workflows.expand(id) { hints.say(.requestAccepted(request)) }
            } catch {
                logger.error(
                    "Could not expand a workflow request.", metadata: ["request": "\(id)", "error": "\(error)"])
            }
        }
    }

    private static func unknown(_ workflow: String, of organization: String, known: [String]) -> Problem {
        let hint =
            known.isEmpty
            ? "It has no workflows yet; apply a catalogue for it, or come with a key of the organization that has some."
            : "It has: \(known.joined(separator: ", ")). Workflows of another organization take a key of that one."
        let detail = "The organization \(organization), whose key this is, has no workflow \"\(workflow)\". \(hint)"
        return Problem(
            code: "unknown_workflow", status: 422, title: "There is no such workflow", detail: detail,
            violations: [.init(path: "$.workflow", message: detail)])
    }
}

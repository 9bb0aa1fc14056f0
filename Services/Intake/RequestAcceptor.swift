import Assembly
import Contracts
import Crypto
import JSON
import Postgres
import Runtime
import Store

/// Accepts a request, from wherever it comes: checks it, puts it on disk, and announces it.
struct RequestAcceptor: Sendable {
    /// How a request came and who sent it.
    struct Origin: Sendable {
        /// `http` or `bus`.
        let name: String
        let org: OrgID
        let idempotencyKey: String?
        let trace: TraceContext?
    }

    /// An accepted request.
    struct Accepted: Sendable {
        let id: ActivityRequestID
        let activity: String
        let plan: Plan
        /// Whether an earlier request of the same idempotency key is answered again.
        let isRepeated: Bool
    }

    /// The longest idempotency key, in bytes.
    static let idempotencyKeyBytesMax = 255

    /// How often a body is checked anew because its activity has changed meanwhile.
    private static let checksMax = 3

    let requests: RequestStore
    let activities = KnownActivities()
    let hints: HintPublisher
    let ids: IDGenerator
    let limits: ActivityRequestBody.Limits
    let metrics: IntakeMetrics

    /// Accepts a body. It is safe on disk once this returns.
    ///
    /// - Throws: ``Problem`` that tells the client what to do; `PostgresError` when the database is away.
    func accept(_ bytes: [UInt8], from origin: Origin) async throws -> Accepted {
        try await metrics.counting(.activity, from: origin.name, isRepeated: \.isRepeated) {
            try await acceptUncounted(bytes, from: origin)
        }
    }

    private func acceptUncounted(_ bytes: [UInt8], from origin: Origin) async throws -> Accepted {
        let json = try Self.parse(bytes)
        let body = try ActivityRequestBody(json, limits: limits)
        guard let activity = body.activity else { throw Problem.invalidRequest([]) }
        if let key = origin.idempotencyKey { try Self.check(key) }
        let request = NewRequest(
            id: ActivityRequestID(ids.next()), org: origin.org, activity: activity, content: JSONB(json.encoded()),
            objectCount: body.objects?.count ?? 0, origin: origin.name, idempotencyKey: origin.idempotencyKey,
            fingerprint: origin.idempotencyKey.map { _ in Bytea(Array(SHA256.hash(data: bytes))) },
            trace: origin.trace)
        switch try await accept(request, of: body, activity: activity) {
        case .accepted(let id, let plan):
            hints.say(.requestAccepted(RequestReference(id: id, org: origin.org, trace: origin.trace)))
            return Accepted(id: id, activity: activity, plan: plan, isRepeated: false)
        case .repeated(let id, let plan):
            return Accepted(id: id, activity: activity, plan: plan, isRepeated: true)
        case .keyReused(let id):
            throw Problem(
                code: "idempotency_key_reused", status: 409, title: "The idempotency key was used before",
                detail: "Request \(id) came with the same key and another body. Use a new key for a new request.")
        case .unknownActivity(let organization, let known):
            throw Self.unknown(activity, of: organization, known: known)
        case .notRunnable(let reason): throw Self.notRunnable(activity, reason)
        case .termsChanged:
            throw Self.notRunnable(activity, "it is being changed at this moment; send the request again")
        }
    }

    private static func notRunnable(_ activity: String, _ reason: String) -> Problem {
        Problem(
            code: "activity_not_runnable", status: 422, title: "The activity cannot run",
            detail: "\(activity) cannot run: \(reason).", violations: [.init(path: "$.activity", message: reason)])
    }

    /// Checks the body against its activity as far as it is known here, and against what the database knows better.
    private func accept(
        _ request: NewRequest, of body: ActivityRequestBody, activity: String
    ) async throws -> Acceptance {
        var known = activities.activity(activity, of: request.org)
        var checks = 0
        while true {
            if let terms = known?.terms {
                do {
                    try body.check(terms, limits: limits)
                } catch {
                    // Perhaps it was changed to take this: asked once more, with nothing that could be accepted.
                    guard checks == 0 else { throw error }
                    known = nil
                }
            }
            let acceptance = try await requests.accept(request, checkedAgainst: known)
            guard case .termsChanged(let current) = acceptance, checks < Self.checksMax else { return acceptance }
            activities.remember(current, as: activity, of: request.org)
            known = current
            checks += 1
        }
    }

    static func parse(_ bytes: [UInt8]) throws -> JSONValue {
        do {
            return try JSONValue(parsing: bytes)
        } catch {
            throw Problem(
                code: "invalid_json", status: 400, title: "The body is not JSON",
                detail: "\(error)", violations: [.init(path: error.path, message: error.detail)])
        }
    }

    static func check(_ key: String) throws(Problem) {
        guard !key.isEmpty, key.utf8.count <= idempotencyKeyBytesMax, !key.utf8.contains(0) else {
            throw Problem(
                code: "invalid_idempotency_key", status: 400, title: "The idempotency key is not valid",
                detail: "It must have 1 to \(idempotencyKeyBytesMax) bytes.")
        }
    }

    private static func unknown(_ activity: String, of organization: String, known: [String]) -> Problem {
        let hint =
            known.isEmpty
            ? "It has no activities yet; apply a catalogue for it, or come with a key of the organization that has some."
            : "It has: \(known.joined(separator: ", ")). Activities of another organization take a key of that one."
        let detail = "The organization \(organization), whose key this is, has no activity \"\(activity)\". \(hint)"
        return Problem(
            code: "unknown_activity", status: 422, title: "There is no such activity", detail: detail,
            violations: [.init(path: "$.activity", message: detail)])
    }
}

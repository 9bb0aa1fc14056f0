import Assembly
import Contracts
import JSON
import Postgres
import Runtime
import Store
import Synchronization

/// Turns accepted requests into runs, chunk by chunk, so that a request for a million objects holds no long transaction.
struct RequestExpander: Sendable {
    /// Objects expanded in the first transaction of a request, so that executors can begin, and in each further one.
    static let firstChunkObjects = 250
    static let chunkObjects = 2_000

    let requests: RequestStore
    let lease: WorkerLease
    let hints: HintPublisher
    let ids: IDGenerator
    let limits: ActivityRequestBody.Limits

    /// A request whose first chunk is stored.
    struct Expansion: Sendable {
        let request: ExpandableRequest
        fileprivate let names: [String]
        fileprivate let worker: WorkerID
    }

    /// Claims a request and stores its first chunk, if it needs that and nobody else does it.
    func begin(_ id: ActivityRequestID) async throws -> Expansion? {
        let worker = lease.worker
        let names = Mutex<[String]>([])
        let begun = try await shielded {
            try await requests.beginExpansion(of: id, worker: worker) { request in
                Self.names(of: request, limits: limits).map { read in
                    names.withLock { $0 = read }
                    return (read.count, chunk(of: request, names: read, from: request.objectsExpanded))
                }
            }
        }
        guard let request = begun else { return nil }
        announce(request)
        return Expansion(request: request, names: names.withLock { $0 }, worker: worker)
    }

    /// Stores the other chunks.
    ///
    /// A cancelled task finishes the chunk under way and gives the rest of the request to others.
    func finish(_ expansion: Expansion) async throws {
        let request = expansion.request
        var position = Self.end(ofChunkFrom: request.objectsExpanded)
        while let chunk = chunk(of: request, names: expansion.names, from: position) {
            if Task.isCancelled { return try await handOver(request, worker: expansion.worker) }
            try await shielded { try await requests.expand(request, chunk: chunk, worker: expansion.worker) }
            announce(request)
            position = Self.end(ofChunkFrom: position)
        }
    }

    /// This process stops: another one goes on where it has come to.
    private func handOver(_ request: ExpandableRequest, worker: WorkerID) async throws {
        try await shielded { try await requests.release(request.id, worker: worker) }
        hints.say(.requestAccepted(request.reference))
    }

    /// The names of a request, checked once more when nobody has checked them.
    private static func names(
        of request: ExpandableRequest, limits: ActivityRequestBody.Limits
    ) -> Result<[String], Problem> {
        do {
            let body = try ActivityRequestBody(
                JSONValue(parsing: request.content.bytes), limits: limits, needsActivity: false)
            return .success(body.objects)
        } catch let problem as Problem {
            return .failure(problem)
        } catch {
            return .failure(Problem.invalidRequest([.init(path: "$", message: "\(error)")]))
        }
    }

    private func chunk(of request: ExpandableRequest, names: [String], from first: Int) -> ExpansionChunk? {
        guard first < names.count else { return nil }
        let end = min(Self.end(ofChunkFrom: first), names.count)
        let count = end - first
        return ExpansionChunk(
            firstPosition: first, names: names[first..<end], objectIDs: ids.next(count).map { ObjectID($0) },
            runIDs: ids.next(count * request.sources.count).map { RunID($0) }, isLast: end == names.count)
    }

    private static func end(ofChunkFrom first: Int) -> Int {
        first + (first == 0 ? firstChunkObjects : chunkObjects)
    }

    private func announce(_ request: ExpandableRequest) {
        for source in request.sources {
            hints.say(.runReady(ReadySource(org: request.org, source: source.id)))
        }
    }
}

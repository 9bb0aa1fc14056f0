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
    let metrics: IntakeMetrics

    /// A request whose first chunk is stored.
    struct BegunRequest: Sendable {
        let request: ExpandableRequest
        fileprivate let content: ExpandableContent
        fileprivate let worker: WorkerID
    }

    /// Claims a request and stores its first chunk, if it needs that and nobody else does it.
    func begin(_ id: ActivityRequestID) async throws -> BegunRequest? {
        let worker = lease.worker
        let content = Mutex(ExpandableContent.nothing)
        let start = ContinuousClock.now
        let begun = try await shielded {
            try await requests.beginExpansion(of: id, worker: worker) { request in
                ExpandableContent.read(request, limits: limits).map { read in
                    content.withLock { $0 = read }
                    return expansion(of: request, to: read)
                }
            }
        }
        guard let request = begun else { return nil }
        let read = content.withLock { $0 }
        metrics.noteChunk(runs: request.runsMade, isLast: request.isExpanded, took: start.duration(to: .now))
        announce(request, mayBeOver: read.mayHaveNothingToRun)
        return BegunRequest(request: request, content: read, worker: worker)
    }

    /// Stores the other chunks.
    ///
    /// A cancelled task finishes the chunk under way and gives the rest of the request to others.
    func finish(_ begun: BegunRequest) async throws {
        let request = begun.request
        if begun.content.gathersObjects { return try await finishGathering(begun) }
        var position = Self.end(ofChunkFrom: request.objectsExpanded)
        while let chunk = chunk(of: request, begun.content, from: position) {
            if Task.isCancelled { return try await handOver(request, worker: begun.worker) }
            let start = ContinuousClock.now
            try await shielded { try await requests.expand(request, chunk: chunk, worker: begun.worker) }
            metrics.noteChunk(runs: chunk.runIDs.count, isLast: chunk.isLast, took: start.duration(to: .now))
            announce(request, mayBeOver: begun.content.mayHaveNothingToRun)
            position = Self.end(ofChunkFrom: position)
        }
    }

    private func finishGathering(_ begun: BegunRequest) async throws {
        var isComplete = begun.request.isExpanded
        while !isComplete {
            if Task.isCancelled { return try await handOver(begun.request, worker: begun.worker) }
            let start = ContinuousClock.now
            let chunk = try await shielded {
                try await requests.expandGathered(
                    begun.request, objectsMax: Self.chunkObjects, worker: begun.worker)
            }
            isComplete = chunk.isComplete
            metrics.noteChunk(runs: chunk.runs, isLast: isComplete, took: start.duration(to: .now))
            announce(begun.request, mayBeOver: isComplete)
        }
    }

    /// This process stops: another one goes on where it has come to.
    private func handOver(_ request: ExpandableRequest, worker: WorkerID) async throws {
        try await shielded { try await requests.release(request.id, worker: worker) }
        hints.say(.requestAccepted(request.reference))
    }

    private func expansion(of request: ExpandableRequest, to content: ExpandableContent) -> Expansion {
        if content.gathersObjects { return .gathering(objectsMax: Self.firstChunkObjects) }
        guard let names = content.names else {
            return .finding(
                zip(ids.next(request.sources.count), request.sources.indices).map { id, place in
                    FindingRun(
                        id: RunID(id), source: request.sources[place].id,
                        missing: content.needs.filter { $0.source == place }.map(\.variable))
                })
        }
        return .objects(count: names.count, first: chunk(of: request, content, from: request.objectsExpanded))
    }

    private func chunk(of request: ExpandableRequest, _ content: ExpandableContent, from first: Int) -> ExpansionChunk?
    {
        guard let names = content.names, first < names.count else { return nil }
        let end = min(Self.end(ofChunkFrom: first), names.count)
        let count = end - first
        return ExpansionChunk(
            firstPosition: first, names: names[first..<end], objectIDs: ids.next(count).map { ObjectID($0) },
            runIDs: ids.next(count * request.sources.count).map { RunID($0) }, needs: content.needs,
            isLast: end == names.count)
    }

    private static func end(ofChunkFrom first: Int) -> Int {
        first + (first == 0 ? firstChunkObjects : chunkObjects)
    }

    /// - Parameter mayBeOver: whether all of its runs may be closed already, because none of them could be executed.
    private func announce(_ request: ExpandableRequest, mayBeOver: Bool) {
        for source in request.sources {
            hints.say(.runReady(ReadySource(org: request.org, source: source.id)))
        }
        if mayBeOver { hints.say(.runsClosed(request.reference)) }
    }
}

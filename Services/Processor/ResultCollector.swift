import Contracts
import JSON
import Logging
import Postgres
import Runtime
import Store

/// Puts the result of a request together, in chunks, and closes the request.
///
/// The result is NDJSON in the order of the request; memory stays flat however many objects there are.
struct ResultCollector: Sendable {
    /// A result up to this size travels inside the webhook; a larger one as a link.
    static let inlineBytesMax = 256 << 10

    let results: ResultStore
    let ids: IDGenerator
    let clock: WallClock
    /// Makes the signed links of large results; nil without `WEIR_PUBLIC_URL` and `WEIR_SIGNING_KEY`.
    let links: ResultLinks?
    /// Objects read and stored at once.
    let chunkObjects: Int
    /// How many chunks are under way at once.
    let chunksAtOnce: Int

    /// Collects the result of a request that the worker has claimed.
    ///
    /// - Returns: false when the claim is void.
    func collect(_ request: CollectableRequest, worker: WorkerID) async throws -> Bool {
        let (bytes, inline) = try await storeChunks(of: request)
        let outcome = Outcome(request)
        let payload = CompletionPayload(
            request: request, state: outcome.state, substate: outcome.substate, resultBytes: bytes,
            inlineResult: inline, timestamp: Timestamp.rfc3339(nanosecondsSinceEpoch: clock.nanosecondsSinceEpoch()),
            link: inline == nil ? links?.link(to: request.id, now: clock.millisecondsSinceEpoch() / 1000) : nil)
        let bytesOfPayload = request.endpoints.isEmpty ? Bytea([]) : Bytea(payload.encoded())
        let deliveries = zip(ids.next(request.endpoints.count), request.endpoints).map { id, endpoint in
            (id: DeliveryID(id), endpoint: endpoint, payload: bytesOfPayload)
        }
        return try await results.finish(
            request, worker: worker, state: outcome.state, substate: outcome.substate, reason: outcome.reason,
            deliveries: deliveries)
    }

    /// Stores the result chunk by chunk, a few at once: while Postgres reads one, another is encoded.
    ///
    /// - Returns: how long the result is, and the result itself when it is short enough to travel in the webhook.
    private func storeChunks(of request: CollectableRequest) async throws -> (bytes: Int, inline: [UInt8]?) {
        let lines = ResultLines(datapointKeys: request.datapointKeys)
        var firsts = stride(from: 0, to: request.objectCount, by: chunkObjects).makeIterator()
        var bytes = 0
        var bodies: [Int: [UInt8]]? = [:]
        try await withThrowingTaskGroup(of: (chunk: Int, body: [UInt8]).self) { group in
            func begin(_ first: Int) {
                group.addTask { try await storeChunk(from: first, of: request, lines: lines) }
            }
            for _ in 0..<chunksAtOnce { firsts.next().map(begin) }
            while let (chunk, body) = try await group.next() {
                bytes += body.count
                if bytes > Self.inlineBytesMax { bodies = nil }
                bodies?[chunk] = body
                firsts.next().map(begin)
            }
        }
        let inline = bodies.map { bodies in bodies.sorted { $0.key < $1.key }.flatMap(\.value) }
        return (bytes, inline)
    }

    private func storeChunk(
        from first: Int, of request: CollectableRequest, lines: ResultLines
    ) async throws -> (chunk: Int, body: [UInt8]) {
        let positions = first..<min(first + chunkObjects, request.objectCount)
        let body = lines.encode(try await results.rows(of: request.id, positions: positions))
        let chunk = first / chunkObjects
        try await results.store(chunk: chunk, objects: positions.count, body: body, of: request)
        return (chunk, body)
    }

    /// What becomes of a request whose runs are all closed (DESIGN section 4).
    struct Outcome: Equatable {
        let state: String
        let substate: String?
        let reason: String?

        init(_ request: CollectableRequest) {
            self.init(request.counts)
        }

        init(_ counts: RunCounts) {
            if counts.total == 0 {
                (state, substate, reason) = ("done", "empty", "the request came to no runs")
            } else if counts.done == 0 {
                (state, substate) = ("failed", nil)
                reason =
                    counts.total == 1 ? "its only run did not succeed" : "none of its \(counts.total) runs succeeded"
            } else if counts.done < counts.total {
                (state, substate, reason) = (
                    "done", "partial", "\(counts.total - counts.done) of its \(counts.total) runs did not succeed"
                )
            } else {
                (state, substate, reason) = ("done", nil, nil)
            }
        }
    }
}

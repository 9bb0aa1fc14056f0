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
    let lease: WorkerLease
    let ids: IDGenerator
    let clock: WallClock
    /// Makes the signed links of large results; nil without `WEIR_PUBLIC_URL` and `WEIR_SIGNING_KEY`.
    let links: ResultLinks?
    /// Objects read and stored at once.
    let chunkObjects: Int

    /// Collects the result of a request whose runs are all closed.
    ///
    /// - Returns: false when there was nothing to do, or somebody else has it.
    func collect(_ id: ActivityRequestID) async throws -> Bool {
        let worker = lease.worker
        guard let request = try await results.claim(id, worker: worker) else { return false }
        let lines = ResultLines(datapointKeys: request.datapointKeys)
        var inline: [UInt8]? = []
        var bytes = 0
        var chunk = 0
        for first in stride(from: 0, to: request.objectCount, by: chunkObjects) {
            let positions = first..<min(first + chunkObjects, request.objectCount)
            let body = lines.encode(try await results.rows(of: id, positions: positions))
            try await results.store(chunk: chunk, objects: positions.count, body: body, of: request)
            bytes += body.count
            chunk += 1
            if bytes > Self.inlineBytesMax { inline = nil }
            inline?.append(contentsOf: body)
        }
        let outcome = Outcome(request)
        let payload = CompletionPayload(
            request: request, state: outcome.state, substate: outcome.substate, resultBytes: bytes,
            inlineResult: inline, timestamp: Timestamp.rfc3339(nanosecondsSinceEpoch: clock.nanosecondsSinceEpoch()),
            link: inline == nil ? links?.link(to: id, now: clock.millisecondsSinceEpoch() / 1000) : nil)
        let bytesOfPayload = request.endpoints.isEmpty ? Bytea([]) : Bytea(payload.encoded())
        let deliveries = zip(ids.next(request.endpoints.count), request.endpoints).map { id, endpoint in
            (id: DeliveryID(id), endpoint: endpoint, payload: bytesOfPayload)
        }
        return try await results.finish(
            request, worker: worker, state: outcome.state, substate: outcome.substate, reason: outcome.reason,
            deliveries: deliveries)
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
                (state, substate, reason) = ("failed", nil, "none of its \(counts.total) runs succeeded")
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

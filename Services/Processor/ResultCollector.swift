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
    /// Objects read and stored at once, and bytes of their values, but for the last value.
    let chunkObjects: Int
    let chunkBytes: Int
    /// How many chunks are under way at once.
    let chunksAtOnce: Int

    /// Collects the result of a request that the worker has claimed.
    ///
    /// - Returns: false when the claim is void.
    func collect(_ request: CollectableRequest) async throws -> Bool {
        let (bytes, inline) = try await storeChunks(of: request)
        let outcome = RequestOutcome(request.counts, wanted: request.runsWanted, stop: request.stop)
        let payload = CompletionPayload(
            request: request, state: outcome.state, substate: outcome.substate, resultBytes: bytes,
            inlineResult: inline, timestamp: Timestamp.rfc3339(nanosecondsSinceEpoch: clock.nanosecondsSinceEpoch()),
            link: inline == nil ? links?.link(to: request.id, now: clock.millisecondsSinceEpoch() / 1000) : nil)
        let bytesOfPayload = request.endpoints.isEmpty ? Bytea([]) : Bytea(payload.encoded())
        let deliveries = zip(ids.next(request.endpoints.count), request.endpoints).map { id, endpoint in
            (id: DeliveryID(id), endpoint: endpoint, payload: bytesOfPayload)
        }
        return try await results.finish(
            request, state: outcome.state, substate: outcome.substate, reason: outcome.reason,
            deliveries: deliveries)
    }

    /// Puts the result together chunk by chunk, a few at once: while Postgres reads one, another is encoded. Chunks are stored several at
    /// a time, since each statement waits for the disk.
    ///
    /// - Returns: how long the result is, and the result itself when it is short enough to travel in the webhook.
    private func storeChunks(of request: CollectableRequest) async throws -> (bytes: Int, inline: [UInt8]?) {
        let lines = ResultLines(datapointKeys: request.datapointKeys)
        var firsts = stride(from: 0, to: request.objectCount, by: chunkObjects).makeIterator()
        var bytes = 0
        var all: [ResultChunk]? = []
        var unstored: [ResultChunk] = []
        var unstoredBytes = 0
        try await withThrowingTaskGroup(of: (stored: Int, chunks: [ResultChunk]).self) { group in
            func begin(_ first: Int) {
                let positions = first..<min(first + chunkObjects, request.objectCount)
                group.addTask { try await chunks(positions, of: request, lines: lines) }
            }
            for _ in 0..<chunksAtOnce { firsts.next().map(begin) }
            while let (stored, chunks) = try await group.next() {
                firsts.next().map(begin)
                let added = chunks.reduce(0) { $0 + $1.body.count }
                bytes += stored + added
                if bytes > Self.inlineBytesMax { all = nil }
                all? += chunks
                unstored += chunks
                unstoredBytes += added
                if unstoredBytes >= chunkBytes {
                    try await results.store(unstored, of: request)
                    (unstored, unstoredBytes) = ([], 0)
                }
            }
        }
        if !unstored.isEmpty { try await results.store(unstored, of: request) }
        let inline = all.map { all in
            all.sorted { $0.positions.lowerBound < $1.positions.lowerBound }.flatMap(\.body)
        }
        return (bytes, inline)
    }

    /// The lines of some objects: one chunk, or several when the values are large. Those of which there is enough are stored at once, so that
    /// memory stays flat.
    ///
    /// - Returns: the bytes that are stored, and the chunks that are not yet.
    private func chunks(
        _ positions: Range<Int>, of request: CollectableRequest, lines: ResultLines
    ) async throws -> (stored: Int, chunks: [ResultChunk]) {
        var chunks: [ResultChunk] = []
        var (stored, unstored) = (0, 0)
        var first = positions.lowerBound
        while first < positions.upperBound {
            let (rows, end) = try await results.rows(
                of: request.id, positions: first..<positions.upperBound, bytesMax: chunkBytes)
            chunks.append(ResultChunk(positions: first..<end, body: lines.encode(rows)))
            unstored += chunks[chunks.count - 1].body.count
            if unstored >= chunkBytes {
                try await results.store(chunks, of: request)
                stored += unstored
                (chunks, unstored) = ([], 0)
            }
            first = end
        }
        return (stored, chunks)
    }
}

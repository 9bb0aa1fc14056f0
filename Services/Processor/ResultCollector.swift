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

    /// Stores the result chunk by chunk, a few at once: while Postgres reads one, another is encoded.
    ///
    /// - Returns: how long the result is, and the result itself when it is short enough to travel in the webhook.
    private func storeChunks(of request: CollectableRequest) async throws -> (bytes: Int, inline: [UInt8]?) {
        let lines = ResultLines(datapointKeys: request.datapointKeys)
        var firsts = stride(from: 0, to: request.objectCount, by: chunkObjects).makeIterator()
        var bytes = 0
        var parts: [Int: [UInt8]]? = [:]
        try await withThrowingTaskGroup(of: (first: Int, bytes: Int, lines: [UInt8]).self) { group in
            func begin(_ first: Int) {
                let positions = first..<min(first + chunkObjects, request.objectCount)
                group.addTask { try await storeChunks(positions, of: request, lines: lines) }
            }
            for _ in 0..<chunksAtOnce { firsts.next().map(begin) }
            while let part = try await group.next() {
                bytes += part.bytes
                if bytes > Self.inlineBytesMax { parts = nil }
                parts?[part.first] = part.lines
                firsts.next().map(begin)
            }
        }
        let inline = parts.map { parts in parts.sorted { $0.key < $1.key }.flatMap(\.value) }
        return (bytes, inline)
    }

    /// One chunk, or several when the values are large.
    ///
    /// - Returns: the lines too, as long as they may travel in the webhook.
    private func storeChunks(
        _ positions: Range<Int>, of request: CollectableRequest, lines: ResultLines
    ) async throws -> (first: Int, bytes: Int, lines: [UInt8]) {
        var bytes = 0
        var all: [UInt8] = []
        var first = positions.lowerBound
        while first < positions.upperBound {
            let (rows, end) = try await results.rows(
                of: request.id, positions: first..<positions.upperBound, bytesMax: chunkBytes)
            let body = lines.encode(rows)
            try await results.store(first..<end, body: body, of: request)
            bytes += body.count
            if bytes <= Self.inlineBytesMax { all += body } else { all = [] }
            first = end
        }
        return (positions.lowerBound, bytes, all)
    }
}

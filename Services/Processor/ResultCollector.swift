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
    let metrics: ProcessorMetrics
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
        let start = ContinuousClock.now
        let qualification = try request.criteria.map { try Qualification($0) }
        let (bytes, inline, counts) = try await storeChunks(of: request, qualification)
        let outcome = RequestOutcome(request.counts, wanted: request.runsWanted, stop: request.stop)
        let qualified = qualification == nil ? nil : counts
        let payload = CompletionPayload(
            request: request, state: outcome.state, substate: outcome.substate, qualification: qualified,
            resultBytes: bytes,
            inlineResult: inline, timestamp: Timestamp.rfc3339(nanosecondsSinceEpoch: clock.nanosecondsSinceEpoch()),
            link: inline == nil
                ? links?.link(to: request.id, round: request.round, now: clock.millisecondsSinceEpoch() / 1000) : nil)
        let isFinished = try await results.finish(
            request, state: outcome.state, substate: outcome.substate,
            reason: Self.reason(of: request, outcome), qualification: qualified,
            payload: payload.encoded)
        if isFinished { metrics.noteResult(bytes: bytes, took: start.duration(to: .now)) }
        return isFinished
    }

    private static func reason(of request: CollectableRequest, _ outcome: RequestOutcome) -> String? {
        if outcome.substate == "empty", request.step?.gathersObjects == true {
            return "no object has come to it from the steps before it"
        }
        let reasons = [
            outcome.reason ?? (request.isCut ? cutReason : nil),
            request.step.flatMap { step in
                step.leftOut.objects == 0
                    ? nil
                    : "\(Quantity(step.leftOut.objects, "object")) \(step.leftOut.objects == 1 ? "is" : "are") left out: "
                        + "this step takes at most \(step.leftOut.bound)"
            },
        ].compactMap(\.self)
        return reasons.isEmpty ? nil : reasons.joined(separator: "; ")
    }

    private static let cutReason =
        "more objects were found than a request of this activity may have; the rest is left out"

    /// Puts the result together chunk by chunk, a few at once: while Postgres reads one, another is encoded. Chunks are stored several at
    /// a time, since each statement waits for the disk.
    ///
    /// - Returns: how long the result is, the result itself when it is short enough to travel in the webhook, and how many objects qualify.
    private func storeChunks(
        of request: CollectableRequest, _ qualification: Qualification?
    ) async throws -> (bytes: Int, inline: [UInt8]?, counts: QualificationCounts) {
        let lines = ResultLines(datapointKeys: request.datapointKeys)
        var firsts = stride(from: 0, to: request.objectCount, by: chunkObjects).makeIterator()
        var bytes = 0
        var counts = QualificationCounts()
        var all: [ResultChunk]? = []
        var unstored: [ResultChunk] = []
        var unstoredBytes = 0
        try await withThrowingTaskGroup(of: CollectedChunks.self) { group in
            func begin(_ first: Int) {
                let positions = first..<min(first + chunkObjects, request.objectCount)
                group.addTask { try await chunks(positions, of: request, lines: lines, qualification) }
            }
            for _ in 0..<chunksAtOnce { firsts.next().map(begin) }
            while let collected = try await group.next() {
                firsts.next().map(begin)
                let added = collected.unstored.reduce(0) { $0 + $1.body.count }
                bytes += collected.storedBytes + added
                counts = counts + collected.counts
                if bytes > Self.inlineBytesMax { all = nil }
                all? += collected.unstored
                unstored += collected.unstored
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
        return (bytes, inline, counts)
    }

    /// The lines of some objects: one chunk, or several when the values are large. Those of which there is enough are stored at once, so that
    /// memory stays flat.
    private func chunks(
        _ positions: Range<Int>, of request: CollectableRequest, lines: ResultLines, _ qualification: Qualification?
    ) async throws -> CollectedChunks {
        var collected = CollectedChunks()
        var unstored = 0
        var first = positions.lowerBound
        while first < positions.upperBound {
            let (rows, end) = try await results.rows(
                of: request.id, found: request.findsObjects, positions: first..<positions.upperBound,
                bytesMax: chunkBytes)
            let verdicts = try await verdicts(on: rows, positions: first..<end, of: request, qualification)
            let chunk = ResultChunk(
                positions: first..<end, body: lines.encode(rows, verdicts: verdicts), verdicts: verdicts)
            collected.add(chunk)
            unstored += chunk.body.count
            if unstored >= chunkBytes {
                try await results.store(collected.unstored, of: request)
                collected.storedBytes += unstored
                (collected.unstored, unstored) = ([], 0)
            }
            first = end
        }
        return collected
    }

    /// What the objects of some rows come to under the request's factors: by the values that their lines show, and where there is none by the
    /// newest that is known.
    private func verdicts(
        on rows: [ResultRow], positions: Range<Int>, of request: CollectableRequest, _ qualification: Qualification?
    ) async throws -> [ObjectVerdict] {
        guard let qualification else { return [] }
        let known = try await results.knownValues(
            of: request.id, positions: positions, datapoints: qualification.datapoints)
        return ResultLines.objects(in: rows).map { rows in
            let position = rows[rows.startIndex].position
            return qualification.verdict(on: position) { datapoint in
                ResultLines.value(of: datapoint, in: rows) ?? known[position]?[datapoint]
            }
        }
    }
}

/// What a part of a request's objects came to.
private struct CollectedChunks {
    /// The bytes that are stored already.
    var storedBytes = 0
    /// The chunks that are not.
    var unstored: [ResultChunk] = []
    /// How many objects qualify, of all chunks.
    var counts = QualificationCounts()

    mutating func add(_ chunk: ResultChunk) {
        unstored.append(chunk)
        for verdict in chunk.verdicts {
            if verdict.isQualified { counts.qualified += 1 } else { counts.unqualified += 1 }
        }
    }
}

import Postgres
import Runtime
import Synchronization

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Writes batches of runs, one after the other, for one request.
final class FloorWriter: Sendable {
    private let pool: PostgresPool
    private let ids: IDGenerator
    private let catalogue: FloorCatalogue
    private let request: UUID
    private let worker: UUID
    private let answers: [Bytea]
    private let datapoints: [UUID]
    private let values: [JSONB]
    /// For each value the place of its run in the batch, from 1.
    private let places: [Int32]
    private let batch: Int
    private let position = Atomic<Int>(0)

    init(pool: PostgresPool, ids: IDGenerator, catalogue: FloorCatalogue, request: UUID, answer: Bytea, batch: Int) {
        self.pool = pool
        self.ids = ids
        self.catalogue = catalogue
        self.request = request
        self.batch = batch
        worker = ids.next()
        answers = Array(repeating: answer, count: batch)
        datapoints = (0..<batch).flatMap { _ in catalogue.datapoints.map(\.id) }
        values = (0..<batch).flatMap { _ in catalogue.datapoints.map(\.value) }
        places = (0..<batch).flatMap { place in catalogue.datapoints.map { _ in Int32(place + 1) } }
    }

    /// Writes all rows of one batch: one round trip, one commit.
    func writeBatch() async throws {
        let first = position.add(batch, ordering: .relaxed).oldValue
        let positions = (first..<first + batch).map { Int32($0) }
        let names = positions.map { "\(request)-\($0)" }
        let (objects, runs, exchanges) = (ids.next(batch), ids.next(batch), ids.next(batch))
        let (org, source) = (catalogue.org, catalogue.source)
        var pipeline = Pipeline()
        pipeline.add(FloorStatements.insertObjects, org, catalogue.objectType, request, objects, names)
        pipeline.add(FloorStatements.insertRequestObjects, org, request, positions, objects, names)
        pipeline.add(FloorStatements.insertRuns, org, request, source, runs, objects, positions)
        pipeline.add(FloorStatements.insertRunRequests, org, source, worker, exchanges, runs)
        pipeline.add(FloorStatements.claimRuns, worker, runs, exchanges)
        pipeline.add(FloorStatements.closeRunRequests, exchanges)
        pipeline.add(FloorStatements.insertResults, org, exchanges, answers)
        pipeline.add(
            FloorStatements.insertLog, org, exchanges, names.map { "http://127.0.0.1:8080/0ms/objects/\($0)" },
            Int32(answers[0].bytes.count))
        pipeline.add(FloorStatements.handOnRuns, runs)
        pipeline.add(FloorStatements.insertValues, org, runs, objects, source, request, places, datapoints, values)
        pipeline.add(FloorStatements.closeRuns, runs)
        try await pool.run(pipeline)
    }
}

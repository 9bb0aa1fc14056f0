import Contracts
import Logging
import Mapping
import Postgres
import Runtime
import Store
import Synchronization

/// Takes a batch of raw answers, maps them and stores what they say, in one transaction.
struct AnswerProcessor: Sendable {
    /// An object's name has at most the bytes that a request may name it with. Names and values are as many as an answer of the usual size
    /// may hold about the 100,000 objects that a request may find.
    static let limits = MappingLimits(
        matchesMax: 500_000, objectNameBytesMax: ActivityRequestBody.Limits().nameBytesMax)

    let runs: RunStore
    let mappings: MappingCache
    let runsMax: Int
    let bytesMax: Int
    let logger: Logger

    /// Processes up to `runsMax` runs.
    ///
    /// Should the database refuse the batch for its data, halves of it are tried until the one bad run stands alone; that one is
    /// failed with the database's reason.
    func processBatch() async throws -> (picked: Int, closedRequests: [ActivityRequestID]) {
        do {
            return try await process(runsMax: runsMax)
        } catch let error as PostgresError where error.isAboutData {
            logger.warning("A batch holds data that cannot be stored; bisecting it.", metadata: ["error": "\(error)"])
            return try await bisect(size: runsMax / 2)
        }
    }

    private func bisect(size: Int) async throws -> (picked: Int, closedRequests: [ActivityRequestID]) {
        let first = Mutex<RunID?>(nil)
        do {
            // Picking goes in order, so that the same runs come first again, unless another processor takes them.
            return try await runs.process(runsMax: max(size, 1), bytesMax: bytesMax) { answers in
                first.withLock { $0 = answers.first?.runs.first?.id }
                return try await map(answers)
            }
        } catch let error as PostgresError where error.isAboutData {
            if size > 1 { return try await bisect(size: size / 2) }
            let bad = first.withLock { $0 }
            return try await runs.process(runsMax: 1, bytesMax: bytesMax) { answers in
                // What came instead of the bad run is mapped like any other.
                guard answers.first?.runs.first?.id == bad else { return try await map(answers) }
                return answers.flatMap(\.runs).map { run in
                    ProcessedRun(
                        run: run, succeeded: false, substate: "unstorable",
                        reason: "the answer holds a value that the database cannot store: \(error.message)")
                }
            }
        }
    }

    private func process(runsMax: Int) async throws -> (picked: Int, closedRequests: [ActivityRequestID]) {
        try await runs.process(runsMax: runsMax, bytesMax: bytesMax, map: map)
    }

    @Sendable private func map(_ answers: [FetchedAnswer]) async throws -> [ProcessedRun] {
        var compiled: [Shape: RunMapping] = [:]
        var processed: [ProcessedRun] = []
        processed.reserveCapacity(answers.count)
        for answer in answers.flatMap(\.byObjectType) {
            let key = MappingCache.Key(source: answer.source, objectType: answer.runs.first?.objectType)
            let shape = Shape(key: key, isPaged: answer.pages != nil)
            if compiled[shape] == nil {
                do {
                    let mapping = try await mappings.mapping(of: key, version: answer.sourceVersion)
                    let plan = shape.isPaged ? mapping.pagedPlan : mapping.plan
                    compiled[shape] = RunMapping(mapper: Mapper(plan, limits: Self.limits), mapping: mapping)
                } catch let error where !(error is PostgresError || error is CancellationError) {
                    // One source's fault must not hold up the others.
                    processed += answer.runs.map { run in
                        ProcessedRun(
                            run: run, succeeded: false, substate: "mapping",
                            reason: "the source's mapping cannot be used: \(error)")
                    }
                    continue
                }
            }
            if let mapping = compiled[shape] { processed += mapping.map(answer) }
        }
        return processed
    }
}

/// What is mapped alike.
private struct Shape: Hashable {
    let key: MappingCache.Key
    let isPaged: Bool
}

extension FetchedAnswer {
    /// The answer for its runs about objects of each type. Mostly there is one such group.
    fileprivate var byObjectType: [FetchedAnswer] {
        let types = runs.map(\.objectType)
        guard let first = types.first, types.contains(where: { $0 != first }) else { return [self] }
        return Dictionary(grouping: runs, by: \.objectType).values.map { group in
            var answer = self
            answer.runs = group
            return answer
        }
    }
}

extension PostgresError {
    /// Class 22, data exceptions, and 54000, a limit of the program, and what cannot even be sent: the same data would be refused
    /// again.
    var isAboutData: Bool {
        guard let sqlState else { return code == .invalidParameter }
        return sqlState.hasPrefix("22") || sqlState.hasPrefix("54") || sqlState == "23502" || sqlState == "23514"
    }
}

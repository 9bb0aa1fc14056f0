import Answers
import Assembly
import Contracts
import Logging
import Postgres
import Runtime
import Store
import Synchronization

/// Takes a batch of raw answers, maps them and stores what they say, in one transaction.
struct AnswerProcessor: Sendable {
    /// How many runs were picked, and the requests whose last run was among them.
    typealias Outcome = (picked: Int, closedRequests: [ActivityRequestID])

    let runs: RunStore
    let mapper: AnswerMapper
    let runsMax: Int
    let bytesMax: Int
    let metrics: ProcessorMetrics
    let logger: Logger

    /// Processes up to `runsMax` runs.
    ///
    /// Should the database refuse the batch for its data, or not come to an end with it, halves of it are tried until the one bad run stands
    /// alone; that one is failed with the database's reason.
    func processBatch() async throws -> Outcome {
        do {
            return try await process(runsMax: runsMax, map: mapper.map)
        } catch let error as PostgresError where error.mayBeAboutOneAnswer {
            metrics.noteBisection()
            logger.warning("A batch could not be stored; bisecting it.", metadata: ["error": "\(error)"])
            return try await bisect(size: runsMax / 2)
        }
    }

    private func bisect(size: Int) async throws -> Outcome {
        let first = Mutex<FetchedRun?>(nil)
        do {
            // Picking goes in order, so that the same runs come first again, unless another processor takes them.
            return try await process(runsMax: max(size, 1)) { answers in
                first.withLock { $0 = answers.first?.runs.first }
                return try await mapper.map(answers)
            }
        } catch let error as PostgresError where error.mayBeAboutOneAnswer {
            if size > 1 { return try await bisect(size: size / 2) }
            let bad = first.withLock { $0 }
            return try await process(runsMax: 1) { answers in
                // What came instead of the bad run is mapped like any other.
                guard let bad, answers.first?.runs.first?.id == bad.id else { return try await mapper.map(answers) }
                logger.about(bad.request).warning(
                    "A run has failed, since its answer cannot be stored.",
                    metadata: ["run": "\(bad.id)", "source": "\(bad.source)", "error": "\(error)"])
                return answers.flatMap(\.runs).map { run in
                    ProcessedRun(
                        run: run, succeeded: false, substate: "unstorable", reason: error.reasonOfUnstorableAnswer)
                }
            }
        }
    }

    private func process(
        runsMax: Int, map: @escaping @Sendable ([FetchedAnswer]) async throws -> [ProcessedRun]
    ) async throws -> Outcome {
        let batch = Mutex(ProcessedBatch())
        let start = ContinuousClock.now
        let outcome = try await runs.process(runsMax: runsMax, bytesMax: bytesMax) { answers in
            let start = ContinuousClock.now
            let processed = try await map(answers)
            batch.withLock { $0 = ProcessedBatch(answers, processed, mapping: start.duration(to: .now)) }
            return processed
        }
        // What is rolled back is not counted, nor is a look that found nothing.
        if outcome.picked > 0 { metrics.note(batch.withLock { $0 }, took: start.duration(to: .now)) }
        return outcome
    }
}

extension PostgresError {
    /// Class 22, data exceptions, and 54000, a limit of the program, and what cannot even be sent: the same data would be refused
    /// again.
    var isAboutData: Bool {
        guard let sqlState else { return code == .invalidParameter }
        return sqlState.hasPrefix("22") || sqlState.hasPrefix("54") || sqlState == "23502" || sqlState == "23514"
    }

    /// The time-out of a statement or of a transaction, and a server process without memory: an answer may ask for too much. Whether it does
    /// shows when it stands alone, and what takes its place is stored in time.
    var isAboutMeans: Bool { ["57014", "25P03", "53200"].contains(sqlState) }

    /// Whether one answer may be the reason, which would then hold up all that come after it.
    var mayBeAboutOneAnswer: Bool { isAboutData || isAboutMeans }

    /// Why an answer that stood alone was not stored, a sentence for people.
    var reasonOfUnstorableAnswer: String {
        isAboutMeans
            ? "storing what the answer holds asks too much of the database (\(message)); map less of it, or let the database have more time"
            : "the answer holds a value that the database cannot store: \(message)"
    }
}

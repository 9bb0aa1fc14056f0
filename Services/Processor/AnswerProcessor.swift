import Answers
import Contracts
import Logging
import Postgres
import Runtime
import Store
import Synchronization

/// Takes a batch of raw answers, maps them and stores what they say, in one transaction.
struct AnswerProcessor: Sendable {
    let runs: RunStore
    let mapper: AnswerMapper
    let runsMax: Int
    let bytesMax: Int
    let logger: Logger

    /// Processes up to `runsMax` runs.
    ///
    /// Should the database refuse the batch for its data, or not come to an end with it, halves of it are tried until the one bad run stands
    /// alone; that one is failed with the database's reason.
    func processBatch() async throws -> (picked: Int, closedRequests: [ActivityRequestID]) {
        do {
            return try await process(runsMax: runsMax)
        } catch let error as PostgresError where error.mayBeAboutOneAnswer {
            logger.warning("A batch could not be stored; bisecting it.", metadata: ["error": "\(error)"])
            return try await bisect(size: runsMax / 2)
        }
    }

    private func bisect(size: Int) async throws -> (picked: Int, closedRequests: [ActivityRequestID]) {
        let first = Mutex<RunID?>(nil)
        do {
            // Picking goes in order, so that the same runs come first again, unless another processor takes them.
            return try await runs.process(runsMax: max(size, 1), bytesMax: bytesMax) { answers in
                first.withLock { $0 = answers.first?.runs.first?.id }
                return try await mapper.map(answers)
            }
        } catch let error as PostgresError where error.mayBeAboutOneAnswer {
            if size > 1 { return try await bisect(size: size / 2) }
            let bad = first.withLock { $0 }
            return try await runs.process(runsMax: 1, bytesMax: bytesMax) { answers in
                // What came instead of the bad run is mapped like any other.
                guard answers.first?.runs.first?.id == bad else { return try await mapper.map(answers) }
                return answers.flatMap(\.runs).map { run in
                    ProcessedRun(
                        run: run, succeeded: false, substate: "unstorable", reason: error.reasonOfUnstorableAnswer)
                }
            }
        }
    }

    private func process(runsMax: Int) async throws -> (picked: Int, closedRequests: [ActivityRequestID]) {
        try await runs.process(runsMax: runsMax, bytesMax: bytesMax, map: mapper.map)
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

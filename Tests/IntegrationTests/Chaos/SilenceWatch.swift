import Contracts

/// Counts how often in a row a worker is seen that holds its claims although its lease is over.
///
/// It looks as often as a scheduler sweeps and is as late as one on a busy machine: what it counts are sweeps, not seconds.
struct SilenceWatch: Sendable {
    let database: TestDatabase
    let sweep: Duration

    /// Looks until the task is cancelled; gives the longest row of looks in which one worker was seen so.
    func run() async throws -> Int {
        var rows: [WorkerID: Int] = [:]
        var longest = 0
        while !Task.isCancelled {
            let silent: [WorkerID]
            do {
                silent = try await database.column(
                    WorkerID.self,
                    "select id from public.worker where released_at is null and clock_timestamp() > heartbeat_at + lease"
                )
            } catch  where Task.isCancelled {
                // The end of the test has come in the middle of a look.
                break
            }
            rows = Dictionary(uniqueKeysWithValues: silent.map { ($0, (rows[$0] ?? 0) + 1) })
            longest = max(longest, rows.values.max() ?? 0)
            // One look for each sweep is what is counted here. Cut short by the end of the test, which the loop sees.
            try? await Task.sleep(for: sweep)
        }
        return longest
    }
}

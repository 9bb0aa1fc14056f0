import Contracts
import Outbound

/// Follows a request until its runs have ended, and shows how far it is.
struct RequestFollower: Sendable {
    /// The pause between two looks: short at first, so that a small request costs no time, then longer.
    private static let firstPause: Duration = .milliseconds(20)
    private static let longestPause: Duration = .milliseconds(500)
    /// How long intake may be away before waiting is given up.
    private static let outageMax: Duration = .seconds(30)

    let client: IntakeClient
    let console: Console

    /// Waits until the request is finished; intake's short absences are waited out.
    ///
    /// - Parameters:
    ///   - timeout: how long to wait at the most; nil for as long as it takes.
    ///   - isEnough: ends the waiting, by default when the runs have ended and the result is there.
    /// - Returns: the request when it was enough, or as it stood when the time was over.
    func follow(
        _ id: String, timeout: Duration? = nil, until isEnough: (RequestOverview) -> Bool = { $0.isFinished }
    ) async throws
        -> RequestOverview
    {
        let progress = ProgressLine(console: console)
        defer { progress.finish() }
        var pause = Self.firstPause
        var lastAnswer = ContinuousClock.now
        let deadline = timeout.map { ContinuousClock.now + $0 }
        while true {
            do {
                let overview = try await client.status(of: id)
                if isEnough(overview) { return overview }
                if let deadline, ContinuousClock.now >= deadline { return overview }
                lastAnswer = .now
                progress.show(overview.runsEnded, of: max(overview.plan.runs, overview.runs.total), "run")
            } catch let error as OutboundError where error.isRetryable {
                guard ContinuousClock.now - lastAnswer < Self.outageMax else { throw error }
                progress.show("intake does not answer; waiting for it")
            }
            // The API has no long poll yet.
            try await Task.sleep(for: pause)
            pause = min(pause * 3 / 2, Self.longestPause)
        }
    }
}

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

    /// Waits until a request for an activity is finished.
    ///
    /// - Returns: the request when it was enough, or as it stood when the time was over.
    func follow(
        _ id: String, timeout: Duration? = nil, until isEnough: (RequestOverview) -> Bool = { $0.isFinished }
    ) async throws -> RequestOverview {
        try await follow(timeout: timeout, until: isEnough) { try await client.status(of: id) }
    }

    /// Waits until a request is finished; intake's short absences are waited out.
    ///
    /// - Parameters:
    ///   - timeout: how long to wait at the most; nil for as long as it takes.
    ///   - isEnough: ends the waiting, by default when the runs have ended and the result is there.
    ///   - look: asks how it stands.
    /// - Returns: the request when it was enough, or as it stood when the time was over.
    func follow<Request: FollowedRequest>(
        timeout: Duration? = nil, until isEnough: (Request) -> Bool = { $0.isFinished },
        _ look: () async throws -> Request
    ) async throws -> Request {
        let progress = ProgressLine(console: console)
        defer { progress.finish() }
        var pause = Self.firstPause
        var lastAnswer = ContinuousClock.now
        let deadline = timeout.map { ContinuousClock.now + $0 }
        while true {
            do {
                let request = try await look()
                if isEnough(request) { return request }
                if let deadline, ContinuousClock.now >= deadline { return request }
                lastAnswer = .now
                progress.show(request.runsEnded, of: request.runsExpected, "run")
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

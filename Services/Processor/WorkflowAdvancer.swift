import Assembly
import Contracts
import Runtime
import Store

/// Takes workflow requests from phase to phase, and makes the deliveries of those that are over.
struct WorkflowAdvancer: Sendable {
    /// Workflow requests that one look finds.
    private static let foundMax = 100

    let workflows: WorkflowStore
    let hints: HintPublisher
    let metrics: ProcessorMetrics
    let clock: WallClock
    /// Makes the signed links of results; nil without `WEIR_PUBLIC_URL` and `WEIR_SIGNING_KEY`.
    let links: ResultLinks?

    /// Starts what can start after a step has ended; when that was the last, announces the outcome.
    func advance(_ workflow: WorkflowRequestID) async throws {
        let started = try await workflows.advance(workflow)
        for request in started { hints.say(.requestAccepted(request)) }
        metrics.noteSteps(started.count)
        try await announce(workflow)
    }

    private func announce(_ workflow: WorkflowRequestID) async throws {
        let payload = WorkflowPayload(
            timestamp: Timestamp.rfc3339(nanosecondsSinceEpoch: clock.nanosecondsSinceEpoch()), links: links,
            now: clock.millisecondsSinceEpoch() / 1000)
        if try await workflows.announce(workflow, payload: payload.encoded) > 0 { hints.say(.deliveriesDue) }
    }

    /// Workflow requests that wait for a look or for their announcement.
    func waiting() async throws -> [WorkflowRequestID] {
        try await workflows.waitingForAdvance(limit: Self.foundMax)
            + workflows.waitingForAnnouncement(limit: Self.foundMax)
    }
}

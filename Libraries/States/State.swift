/// Where a workflow request, an activity request, a run or a run request stands.
///
/// The raw value is the label of the Postgres enum types `workflow_request_state`, `activity_request_state`,
/// `run_queue_state` and `run_request_state`. Which state may follow which is in ``StateTransition``.
public enum State: String, Sendable, Hashable, CaseIterable, Codable {
    /// Recorded, not looked at yet.
    case new
    /// Checked and acceptable.
    case valid
    /// Refused; the substate says why.
    case invalid
    /// Waits for something outside: a limit, an external job, a back-off.
    case waiting
    /// May be taken up at once.
    case ready
    /// Somebody works on it.
    case inProgress = "in_progress"
    /// Took longer than it was given.
    case timedout
    /// Ended without success; the substate says why.
    case failed
    /// Ended with an outcome.
    case done
    /// The outcome has reached the client.
    case delivered
}

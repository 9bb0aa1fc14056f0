/// The four tables whose rows have a ``State``.
public enum StateEntity: String, Sendable, Hashable, CaseIterable, Codable {
    /// A request for a workflow: several activities in phases.
    case workflowRequest = "workflow_request"
    /// A request for one activity on a set of objects.
    case activityRequest = "activity_request"
    /// One run: one object at one source.
    case run = "run_queue"
    /// One HTTP exchange with a source for one or several runs.
    case runRequest = "run_request"

    /// Whether rows of this table are requests of a client, whose outcome is delivered.
    public var isRequest: Bool { self == .workflowRequest || self == .activityRequest }

    /// Whether nothing follows the state by itself: work on the row has ended, and only an operator's retry or replay (a recovery
    /// transition) takes it up again.
    ///
    /// - Parameter hasEndpoint: For a request, whether its outcome is delivered to somebody: then `done` is not the end.
    public func isFinal(_ state: State, hasEndpoint: Bool = true) -> Bool {
        switch state {
        case .invalid, .failed, .timedout, .delivered: true
        case .done: !(isRequest && hasEndpoint)
        case .new, .valid, .waiting, .ready, .inProgress: false
        }
    }
}

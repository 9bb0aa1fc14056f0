/// What a supervisor tells about its services.
enum SupervisorEvent: Sendable, Equatable {
    case started(service: String, processID: Int32)
    /// The service ended without being told to, and is started again after the wait.
    case crashed(service: String, status: ChildExit, restartAfter: Duration)
    /// The service could not be started again.
    case failed(service: String, reason: String)
}

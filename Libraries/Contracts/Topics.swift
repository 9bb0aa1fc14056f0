/// The topics of the bus: what a message is about. The key of each is named beside it.
///
/// Hints name a queue that has work and carry no facts (DESIGN section 6); commands ask for something; a report is for observers.
public enum Topic {
    /// A request waits to be expanded. Key: the request.
    public static let requestAccepted = "dev.weir.request.accepted.v1"
    /// A source has runs to execute. Key: the organization and the source, `org/source`.
    public static let runReady = "dev.weir.run.ready.v1"
    /// Raw answers wait to be mapped. Key: `answers`.
    public static let answerRecorded = "dev.weir.answer.recorded.v1"
    /// All runs of a request are closed; its result waits to be collected. Key: the request.
    public static let runsClosed = "dev.weir.runs.closed.v1"
    /// A finished request waits to be delivered. Key: the request, or `deliveries` when some of whatever requests are due.
    public static let requestCompleted = "dev.weir.request.completed.v1"
    /// A command: somebody asks for an activity. Key: the activity.
    public static let activityRequested = "dev.weir.activity.requested.v1"
    /// A command: somebody asks for a workflow. Key: the workflow.
    public static let workflowRequested = "dev.weir.workflow.requested.v1"
    /// A report: how a service is doing. For observers alone. Key: who reports.
    public static let serviceReported = "dev.weir.service.reported.v1"

    /// Those that say where work waits.
    public static let hints = [requestAccepted, runReady, answerRecorded, runsClosed, requestCompleted]
    /// Those that ask for something and are answered.
    public static let commands = [activityRequested, workflowRequested]

    /// All of them.
    public static let all = hints + commands + [serviceReported]
}

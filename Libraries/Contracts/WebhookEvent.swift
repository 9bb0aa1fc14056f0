/// What an endpoint can be told: the `type` of a webhook's payload.
public enum WebhookEvent: String, Sendable, CaseIterable {
    /// An activity request has ended.
    case activityRequestCompleted = "activity_request.completed"
    /// A workflow request has ended.
    case workflowRequestCompleted = "workflow_request.completed"
    /// Somebody tries whether an endpoint gets anything; goes to that endpoint only.
    case endpointTest = "webhook_endpoint.test"
    /// An endpoint gets nothing any more.
    case endpointDisabled = "webhook_endpoint.disabled"

    /// Stands for all events in an endpoint's list.
    public static let all = "*"

    /// What an endpoint's list of events can hold.
    public static let selectable =
        [activityRequestCompleted, workflowRequestCompleted, endpointDisabled].map(\.rawValue) + [all]
}

/// What a request is for; its name in addresses.
enum RequestKind: String, Sendable {
    case activity = "activity-requests"
    case workflow = "workflow-requests"
}

import Contracts
import JSON
import Store

/// What can be known of an event before it is sent: whether anybody hears its type, and whether its key and data fit it.
enum EventCheck {
    /// A command may have as many objects as intake can be set to take; how many it is set to take, intake says.
    private static var limits: ActivityRequestBody.Limits {
        var limits = ActivityRequestBody.Limits()
        limits.objectsMax = 10_000_000
        return limits
    }

    private static let publishable = Topic.hints + Topic.commands

    /// Refuses a type that no service hears.
    static func check(type: String) throws(CommandError) {
        guard !publishable.contains(type) else { return }
        let nearest = NearestWord.find(type, among: publishable)
        throw CommandError(
            "No service hears the type '\(TerminalText.safe(type))'"
                + (nearest.map { "; did you mean '\($0)'?" } ?? ""),
            details: ["known are:"] + publishable.map { "  \($0)" },
            remedy: "Take one of these, or give --unchecked to send it all the same", status: .usage)
    }

    /// Refuses a key or data that do not fit a known type.
    static func check(type: String, key: String, data: JSONValue) throws(CommandError) {
        let faults: [String]
        switch type {
        case Topic.activityRequested:
            faults = violations { () throws(Problem) in _ = try ActivityRequestBody(data, limits: limits) }
        case Topic.workflowRequested:
            faults = violations { () throws(Problem) in _ = try WorkflowRequestBody(data, limits: limits) }
        case Topic.requestCompleted where key == Hint.deliveriesDue.key: faults = faultOfHint(data)
        case Topic.requestAccepted, Topic.runsClosed, Topic.requestCompleted:
            faults = fault(ActivityRequestID(key) == nil, "--key: must be the id of a request") + faultOfHint(data)
        case Topic.runReady:
            faults =
                fault(
                    ReadySource(hint: key) == nil, "--key: must be the ids of an organization and a source, ORG/SOURCE")
                + faultOfHint(data)
        default: faults = faultOfHint(data)
        }
        guard !faults.isEmpty else { return }
        throw CommandError(
            "The event does not fit its type \(type)", details: faults.map(TerminalText.safe),
            remedy: "docs/messages.md says what it holds; --unchecked sends it all the same", status: .usage)
    }

    private static func violations(_ read: () throws(Problem) -> Void) -> [String] {
        do {
            try read()
            return []
        } catch {
            return error.violations.map { "\($0.path): \($0.message)" }
        }
    }

    private static func faultOfHint(_ data: JSONValue) -> [String] {
        fault(data.objectValue?.isEmpty != true, "$: a hint carries no data, because nobody reads them; give {}")
    }

    private static func fault(_ isThere: Bool, _ text: String) -> [String] { isThere ? [text] : [] }
}

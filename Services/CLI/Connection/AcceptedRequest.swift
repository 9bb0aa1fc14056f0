import Contracts
import JSON

/// Intake's answer to a request that it accepted.
struct AcceptedRequest: Sendable, Equatable {
    let id: String
    let state: String
    let activity: String
    let runsPlanned: Int
    let callsPlanned: Int
    /// What it comes to, in words.
    var plan: String { "\(Quantity(runsPlanned, "run")) in \(Quantity(callsPlanned, "call"))" }
    /// The answer as it came, for programs.
    let json: JSONValue

    init(_ answer: AnswerReader) throws(CommandError) {
        id = try answer.string("id")
        state = try answer.string("state")
        activity = try answer.string("activity")
        let plan = try answer.object("plan")
        runsPlanned = try plan.int("runs")
        callsPlanned = try plan.int("calls")
        json = answer.value
    }
}

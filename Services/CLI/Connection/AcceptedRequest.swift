import Contracts
import JSON

/// Intake's answer to a request that it accepted.
struct AcceptedRequest: Sendable, Equatable {
    let id: String
    let state: String
    /// What it comes to, in words.
    let plan: String
    /// The answer as it came, for programs.
    let json: JSONValue

    init(_ answer: AnswerReader) throws(CommandError) {
        id = try answer.string("id")
        state = try answer.string("state")
        let plan = try answer.object("plan")
        self.plan = "\(Quantity(try plan.int("runs"), "run")) in \(Quantity(try plan.int("calls"), "call"))"
        json = answer.value
    }

    /// A request for a workflow: what it comes to is not known before its objects are found.
    init(ofWorkflow answer: AnswerReader) throws(CommandError) {
        id = try answer.string("id")
        state = try answer.string("state")
        plan = "\(Quantity(try answer.int("steps"), "step"))"
        json = answer.value
    }
}

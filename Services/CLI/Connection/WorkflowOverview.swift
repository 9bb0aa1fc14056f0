import Contracts
import JSON

/// How a request for a workflow stands, as intake tells it.
struct WorkflowOverview: Sendable, Equatable {
    /// How one of its steps stands.
    struct Step: Sendable, Equatable {
        let key: String
        let activity: String
        /// The id of its own request.
        let request: String
        let state: String
        let substate: String?
        let reason: String?
        /// How many objects it has; nil while that is not known.
        let objects: Int?
        /// How many runs it comes to; nil while that is not known.
        let runsPlanned: Int?
        let runs: RunCounts
        /// How many objects of a sourcing meet its factors; nil while that is not known, and of other steps.
        let qualified: Int?

        /// All runs, as far as they are known.
        var runsExpected: Int { max(runsPlanned ?? 0, runs.total) }
        var runsEnded: Int { runs.total - runs.open }
    }

    /// Steps that begin together.
    struct Phase: Sendable, Equatable {
        let number: Int
        let steps: [Step]

        /// All runs of its steps, as far as they are known.
        var runsExpected: Int { steps.reduce(0) { $0 + $1.runsExpected } }
        var runsEnded: Int { steps.reduce(0) { $0 + $1.runsEnded } }
    }

    let id: String
    /// The key of the workflow; nil when the request names none that there is.
    let workflow: String?
    let state: String
    let substate: String?
    let reason: String?
    let createdAt: String
    let phases: [Phase]
    let deliveries: [DeliveryOverview]
    /// The answer as it came, for programs.
    let json: JSONValue

    init(_ answer: AnswerReader) throws(CommandError) {
        id = try answer.string("id")
        workflow = answer.optionalString("workflow")
        state = try answer.string("state")
        substate = answer.optionalString("substate")
        reason = answer.optionalString("reason")
        createdAt = try answer.string("created_at")
        var phases: [Phase] = []
        for phase in answer.list("phases") { phases.append(try Phase(phase)) }
        self.phases = phases
        deliveries = try DeliveryOverview.list(answer.list("deliveries"))
        json = answer.value
    }

    /// Whether all of its steps have ended.
    var isFinished: Bool { RequestAction.isOver(state) }
    /// Whether it ended with an outcome.
    var isSuccessful: Bool { state == "done" || state == "delivered" }
    var runsEnded: Int { phases.reduce(0) { $0 + $1.runsEnded } }
    /// All runs of the steps that have begun; those of later phases are not known.
    var runsExpected: Int { phases.reduce(0) { $0 + $1.runsExpected } }
}

extension WorkflowOverview.Phase {
    fileprivate init(_ answer: AnswerReader) throws(CommandError) {
        number = try answer.int("phase")
        var steps: [WorkflowOverview.Step] = []
        for step in answer.list("steps") { steps.append(try WorkflowOverview.Step(step)) }
        self.steps = steps
    }
}

extension WorkflowOverview.Step {
    fileprivate init(_ answer: AnswerReader) throws(CommandError) {
        key = try answer.string("step")
        activity = try answer.string("activity")
        request = try answer.string("request")
        state = try answer.string("state")
        substate = answer.optionalString("substate")
        reason = answer.optionalString("reason")
        objects = answer.value["objects"]?.intValue
        let runs = try answer.object("runs")
        runsPlanned = runs.value["planned"]?.intValue
        self.runs = RunCounts(
            total: try runs.int("total"), done: try runs.int("done"), failed: try runs.int("failed"),
            invalid: try runs.int("invalid"), timedout: try runs.int("timedout"))
        qualified = answer.value["qualification"]?["qualified"]?.intValue
    }
}

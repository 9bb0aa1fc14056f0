import Contracts
import JSON

/// How a request stands, as intake tells it.
struct RequestOverview: Sendable, Equatable {
    let id: String
    let activity: String
    let state: String
    let substate: String?
    let reason: String?
    let createdAt: String
    let objectsTotal: Int
    let objectsExpanded: Int
    let plan: Plan
    let runs: RunCounts
    let failures: [RunGroup]
    /// Why open runs wait to be tried again.
    let waiting: [RunGroup]
    /// What there is to say about runs that are done.
    let notes: [RunGroup]
    let deliveries: [DeliveryOverview]
    /// How many objects meet the factors of a sourcing; nil while that is not known, and of other activities.
    let qualification: QualificationCounts?
    let resultBytes: Int?
    /// The answer as it came, for programs.
    let json: JSONValue

    init(_ answer: AnswerReader) throws(CommandError) {
        id = try answer.string("id")
        activity = try answer.string("activity")
        state = try answer.string("state")
        substate = answer.optionalString("substate")
        reason = answer.optionalString("reason")
        createdAt = try answer.string("created_at")
        let objects = try answer.object("objects")
        objectsTotal = try objects.int("total")
        objectsExpanded = try objects.int("expanded")
        let plan = try answer.object("plan")
        self.plan = Plan(runs: try plan.int("runs"), calls: try plan.int("calls"))
        let runs = try answer.object("runs")
        self.runs = RunCounts(
            total: try runs.int("total"), done: try runs.int("done"), failed: try runs.int("failed"),
            invalid: try runs.int("invalid"), timedout: try runs.int("timedout"))
        failures = try RunGroup.list(answer.list("failures"))
        waiting = try RunGroup.list(answer.list("waiting"))
        notes = try RunGroup.list(answer.list("notes"))
        deliveries = try DeliveryOverview.list(answer.list("deliveries"))
        qualification = answer.value["qualification"]?["qualified"]?.intValue.map { qualified in
            QualificationCounts(
                qualified: qualified, unqualified: answer.value["qualification"]?["unqualified"]?.intValue ?? 0)
        }
        resultBytes = answer.value["result_bytes"]?.intValue
        json = answer.value
    }

    /// Whether the runs have ended and the result is there, or never will be.
    var isFinished: Bool { ["done", "delivered", "failed", "invalid", "timedout"].contains(state) }

    /// Whether it ended with an outcome.
    var isSuccessful: Bool { state == "done" || state == "delivered" }

    /// Whether it ended with an outcome that lacks some of what was asked; once it is delivered its runs alone say so.
    var isPartial: Bool { isSuccessful && (substate == "partial" || runs.done < runs.total) }

    /// Runs that have ended, well or not.
    var runsEnded: Int { runs.total - runs.open }
}

import Contracts
import JSON

/// How a request stands, as intake tells it.
struct RequestOverview: Sendable, Equatable {
    /// Runs that ended alike without success.
    struct Failure: Sendable, Equatable {
        let substate: String?
        let reason: String?
        let count: Int
        /// Some of their objects.
        let objects: [String]
    }

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
    let failures: [Failure]
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
        var failures: [Failure] = []
        for failure in answer.list("failures") {
            failures.append(
                Failure(
                    substate: failure.optionalString("substate"), reason: failure.optionalString("reason"),
                    count: try failure.int("count"),
                    objects: (failure.value["objects"]?.arrayValue ?? []).compactMap(\.stringValue)))
        }
        self.failures = failures
        resultBytes = answer.value["result_bytes"]?.intValue
        json = answer.value
    }

    /// Whether the runs have ended and the result is there, or never will be.
    var isFinished: Bool { ["done", "delivered", "failed", "invalid", "timedout"].contains(state) }

    /// Whether it ended with an outcome.
    var isSuccessful: Bool { state == "done" || state == "delivered" }

    /// Runs that have ended, well or not.
    var runsEnded: Int { runs.total - runs.open }
}

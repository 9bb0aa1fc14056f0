import Contracts
import JSON
import Store

/// The body of the webhook that a finished workflow request sends: `type`, `timestamp` and `data`, as Standard Webhooks advises.
struct WorkflowPayload: Sendable {
    let timestamp: String
    /// Makes the links to the results of its steps; nil: there are none.
    let links: ResultLinks?
    /// The moment from which they are good, in seconds since 1970.
    let now: Int64

    func encoded(_ outcome: WorkflowOutcome) -> [UInt8] {
        var data: JSONObject = [
            "request": .string("\(outcome.id)"), "workflow": .string(outcome.workflow), "state": .string(outcome.state),
        ]
        if let substate = outcome.substate { data["substate"] = .string(substate) }
        if let reason = outcome.reason { data["reason"] = .string(reason) }
        data["runs"] = Self.runs(outcome.steps)
        data["steps"] = .array(outcome.steps.map(step))
        let body: JSONObject = [
            "type": "workflow_request.completed", "timestamp": .string(timestamp), "data": .object(data),
        ]
        return JSONValue.object(body).encoded()
    }

    private func step(_ step: WorkflowStepStatus) -> JSONValue {
        var line: JSONObject = [
            "step": .string(step.step), "phase": .number(JSONNumber(step.phase)), "activity": .string(step.activity),
            "request": .string("\(step.request)"), "state": .string(step.state),
        ]
        if let substate = step.substate { line["substate"] = .string(substate) }
        line["runs"] = Self.runs([step])
        line["objects"] = .number(JSONNumber(step.objects))
        if let qualification = step.qualification {
            line["qualification"] = [
                "qualified": .number(JSONNumber(qualification.qualified)),
                "unqualified": .number(JSONNumber(qualification.unqualified)),
            ]
        }
        if let link = links?.link(to: step.request, round: step.round, now: now),
            ["done", "delivered"].contains(step.state)
        {
            line["result_url"] = .string(link.url)
            line["result_expires"] = .number(JSONNumber(Int(link.expires)))
        }
        return .object(line)
    }

    private static func runs(_ steps: [WorkflowStepStatus]) -> JSONValue {
        func sum(_ count: (WorkflowStepStatus) -> Int) -> JSONValue {
            .number(JSONNumber(steps.reduce(0) { $0 + count($1) }))
        }
        return [
            "planned": sum { max($0.runsPlanned, $0.runs.total) }, "total": sum(\.runs.total), "done": sum(\.runs.done),
            "failed": sum(\.runs.failed), "invalid": sum(\.runs.invalid), "timedout": sum(\.runs.timedout),
        ]
    }
}

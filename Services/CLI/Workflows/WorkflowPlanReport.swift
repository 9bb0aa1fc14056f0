import Contracts
import JSON
import Workflows

/// What a workflow comes to, as a table and as JSON.
struct WorkflowPlanReport {
    private let workflow: PlannedWorkflow
    private let plan: WorkflowPlan
    private let isCountAsked: Bool

    /// - Parameter objects: how many the request names, if that was said.
    init(_ workflow: PlannedWorkflow, objects: Int?) {
        self.workflow = workflow
        plan = WorkflowPlan(workflow.graph, activities: workflow.activities, objects: objects)
        isCountAsked =
            objects == nil
            && plan.steps.contains { $0.step.phase == 1 && workflow.activities[$0.step.activity]?.type == .enrichment }
    }

    func print(to console: Console) {
        console.print("workflow \(workflow.key) of \(workflow.organization): \(TerminalText.safe(workflow.name))")
        console.print()
        console.print(table)
        console.note()
        if isCountAsked { console.note("--objects N says how many objects the request names") }
        for line in console.wrapped("Calls are the least: further pages, polls and retries come on top") {
            console.note(line)
        }
    }

    /// One row for each step, and their sum.
    var table: TextTable {
        var table = TextTable([
            .right("phase"), .left("step"), .left("activity"), .right("objects"), .right("runs"), .right("calls"),
            .left("flows to"), .left("on failure"),
        ])
        let keys = Dictionary(uniqueKeysWithValues: plan.steps.map { ($0.step.activity, $0.step.key) })
        for planned in plan.steps {
            let step = planned.step
            table.add([
                "\(step.phase)", step.key, step.activity, Self.text(planned.objects), Self.text(planned.runs),
                Self.text(planned.calls), step.destinations.compactMap { keys[$0] }.joined(separator: ", "),
                step.onFailure.rawValue,
            ])
        }
        table.add(["", "all steps", "", "", Self.text(plan.runs), Self.text(plan.calls)])
        return table
    }

    /// For programs.
    var json: JSONValue {
        [
            "organization": .string(workflow.organization), "workflow": .string(workflow.key),
            "name": .string(workflow.name),
            "steps": .array(
                plan.steps.map { planned in
                    [
                        "phase": .number(JSONNumber(planned.step.phase)), "step": .string(planned.step.key),
                        "activity": .string(planned.step.activity), "objects": Self.json(planned.objects),
                        "runs": Self.json(planned.runs), "calls": Self.json(planned.calls),
                        "destinations": .array(planned.step.destinations.map { .string($0) }),
                        "on_failure": .string(planned.step.onFailure.rawValue),
                    ]
                }),
            "runs": Self.json(plan.runs), "calls": Self.json(plan.calls),
        ]
    }

    private static func text(_ amount: WorkflowPlan.Amount) -> String {
        amount.isExact ? "\(amount.count)" : "up to \(amount.count)"
    }

    private static func json(_ amount: WorkflowPlan.Amount) -> JSONValue {
        ["count": .number(JSONNumber(amount.count)), "exact": .bool(amount.isExact)]
    }
}

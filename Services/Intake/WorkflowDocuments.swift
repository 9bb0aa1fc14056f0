import Contracts
import JSON
import Store

/// The JSON documents of `/v1/workflow-requests` and `/v1/workflows`.
enum WorkflowDocuments {
    static func accepted(_ accepted: WorkflowAcceptor.Accepted) -> JSONValue {
        let path = "/v1/workflow-requests/\(accepted.id)"
        return [
            "id": .string("\(accepted.id)"),
            "state": "in_progress",
            "workflow": .string(accepted.workflow),
            "steps": RequestDocuments.number(accepted.steps),
            "links": ["self": .string(path), "timeline": .string(path + "/timeline")],
        ]
    }

    static func status(_ status: WorkflowRequestStatus, deliveries: [DeliveryStatus]) -> JSONValue {
        let phases = Dictionary(grouping: status.steps, by: \.phase).sorted { $0.key < $1.key }
        return [
            "id": .string("\(status.id)"),
            "workflow": RequestDocuments.optional(status.workflow),
            "state": .string(status.state),
            "substate": RequestDocuments.optional(status.substate),
            "reason": RequestDocuments.optional(status.reason),
            "created_at": .string(RequestDocuments.timestamp(status.createdAt)),
            "phases": .array(
                phases.map { phase, steps in
                    ["phase": RequestDocuments.number(phase), "steps": .array(steps.map(step))]
                }),
            "deliveries": .array(deliveries.map(RequestDocuments.delivery)),
        ]
    }

    private static func step(_ step: WorkflowStepStatus) -> JSONValue {
        let path = "/v1/activity-requests/\(step.request)"
        return [
            "step": .string(step.step),
            "activity": .string(step.activity),
            "request": .string("\(step.request)"),
            "state": .string(step.state),
            "substate": RequestDocuments.optional(step.substate),
            "reason": RequestDocuments.optional(step.reason),
            "objects": RequestDocuments.number(step.objects),
            "runs": [
                "planned": RequestDocuments.number(max(step.runsPlanned, step.runs.total)),
                "total": RequestDocuments.number(step.runs.total), "done": RequestDocuments.number(step.runs.done),
                "failed": RequestDocuments.number(step.runs.failed),
                "invalid": RequestDocuments.number(step.runs.invalid),
                "timedout": RequestDocuments.number(step.runs.timedout),
            ],
            "qualification": step.qualification.map {
                [
                    "qualified": RequestDocuments.number($0.qualified),
                    "unqualified": RequestDocuments.number($0.unqualified),
                ]
            } ?? .null,
            "links": [
                "self": .string(path), "timeline": .string(path + "/timeline"), "result": .string(path + "/result"),
            ],
        ]
    }

    /// What an action has come to so far.
    static func action(_ status: WorkflowRequestStatus) -> JSONValue {
        [
            "id": .string("\(status.id)"), "state": .string(status.state),
            "substate": RequestDocuments.optional(status.substate),
            "reason": RequestDocuments.optional(status.reason),
        ]
    }

    /// A request as lists show it.
    static func listed(_ request: ListedWorkflowRequest) -> JSONValue {
        [
            "id": .string("\(request.id)"), "workflow": RequestDocuments.optional(request.workflow),
            "state": .string(request.state), "substate": RequestDocuments.optional(request.substate),
            "reason": RequestDocuments.optional(request.reason),
            "created_at": .string(RequestDocuments.timestamp(request.createdAt)),
            "requests": [
                "total": RequestDocuments.number(request.requests.total),
                "over": RequestDocuments.number(request.requests.over),
            ],
        ]
    }

    /// The workflows of an organization, from their steps.
    static func workflows(_ steps: [DeclaredStep]) -> JSONValue {
        let workflows = Dictionary(grouping: steps, by: \.workflow.key).sorted { $0.key < $1.key }
        return .array(
            workflows.map { key, steps in
                [
                    "key": .string(key),
                    "name": RequestDocuments.optional(steps.first?.workflow.name),
                    "steps": .array(steps.compactMap(declared)),
                ]
            })
    }

    private static func declared(_ step: DeclaredStep) -> JSONValue? {
        guard let key = step.step else { return nil }
        return [
            "step": .string(key),
            "phase": step.phase.map(RequestDocuments.number) ?? .null,
            "activity": RequestDocuments.optional(step.activity),
            "max_objects": step.objectsMax.map(RequestDocuments.number) ?? .null,
            "on_failure": RequestDocuments.optional(step.onFailure),
            "destinations": .array(step.destinations.map { .string($0) }),
        ]
    }
}

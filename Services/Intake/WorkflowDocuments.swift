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
            "steps": .count(accepted.steps),
            "links": ["self": .string(path), "timeline": .string(path + "/timeline")],
        ]
    }

    static func status(_ status: WorkflowRequestStatus, deliveries: [DeliveryRecord]) -> JSONValue {
        let phases = Dictionary(grouping: status.steps, by: \.phase).sorted { $0.key < $1.key }
        return [
            "id": .string("\(status.id)"),
            "workflow": .text(status.workflow),
            "state": .string(status.state),
            "substate": .text(status.substate),
            "reason": .text(status.reason),
            "created_at": .moment(status.createdAt),
            "phases": .array(
                phases.map { phase, steps in
                    ["phase": .count(phase), "steps": .array(steps.map(step))]
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
            "substate": .text(step.substate),
            "reason": .text(step.reason),
            "objects": .count(step.objects),
            "runs": [
                "planned": .count(max(step.runsPlanned, step.runs.total)),
                "total": .count(step.runs.total), "done": .count(step.runs.done),
                "failed": .count(step.runs.failed),
                "invalid": .count(step.runs.invalid),
                "timedout": .count(step.runs.timedout),
            ],
            "qualification": step.qualification.map {
                [
                    "qualified": .count($0.qualified),
                    "unqualified": .count($0.unqualified),
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
            "substate": .text(status.substate),
            "reason": .text(status.reason),
        ]
    }

    /// A request as lists show it.
    static func listed(_ request: ListedWorkflowRequest) -> JSONValue {
        [
            "id": .string("\(request.id)"), "workflow": .text(request.workflow),
            "state": .string(request.state), "substate": .text(request.substate),
            "reason": .text(request.reason),
            "created_at": .moment(request.createdAt),
            "requests": [
                "total": .count(request.requests.total),
                "over": .count(request.requests.over),
            ],
        ]
    }

    /// A workflow of the catalogue.
    static func declared(_ workflow: DeclaredWorkflow) -> JSONValue {
        [
            "key": .string(workflow.key), "name": .string(workflow.name),
            "endpoints": .array(workflow.endpoints.map { .string($0) }),
            "steps": .array(workflow.steps.map(declared)),
        ]
    }

    private static func declared(_ step: DeclaredStep) -> JSONValue {
        [
            "step": .string(step.step),
            "phase": step.phase.map(JSONValue.count) ?? .null,
            "activity": .text(step.activity?.key),
            "activity_type": .text(step.activity?.type),
            "activity_max_objects": step.activity.map { .count($0.objectsMax) } ?? .null,
            "sources": .array(
                (step.activity?.sources ?? []).map {
                    ["key": .string($0.key), "max_objects": .count($0.objectsPerCall)]
                }),
            "max_objects": step.objectsMax.map(JSONValue.count) ?? .null,
            "on_failure": .string(step.onFailure),
            "destinations": .array(step.destinations.map { .string($0) }),
        ]
    }
}

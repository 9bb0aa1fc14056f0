import Contracts
import JSON
import Store

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The JSON documents of `/v1/activity-requests`.
enum RequestDocuments {
    static func accepted(_ accepted: RequestAcceptor.Accepted) -> JSONValue {
        let path = "/v1/activity-requests/\(accepted.id)"
        return [
            "id": .string("\(accepted.id)"),
            "state": "valid",
            "activity": .string(accepted.activity),
            "plan": plan(accepted.plan),
            "links": [
                "self": .string(path), "timeline": .string(path + "/timeline"), "result": .string(path + "/result"),
            ],
        ]
    }

    static func status(
        _ status: RequestStatus, failures: [RunOutcome], waiting: [RunOutcome], notes: [RunOutcome],
        deliveries: [DeliveryRecord]
    ) -> JSONValue {
        [
            "id": .string("\(status.id)"),
            "activity": .string(status.activity),
            "state": .string(status.state),
            "substate": .text(status.substate),
            "reason": .text(status.reason),
            "created_at": .moment(status.createdAt),
            "objects": ["total": .count(status.objects.total), "expanded": .count(status.objects.expanded)],
            "plan": plan(status.plan),
            "runs": [
                "total": .count(status.runs.total), "open": .count(status.runs.open), "done": .count(status.runs.done),
                "failed": .count(status.runs.failed), "invalid": .count(status.runs.invalid),
                "timedout": .count(status.runs.timedout),
            ],
            "failures": .array(failures.map(outcome)),
            "waiting": .array(waiting.map(outcome)),
            "notes": .array(notes.map(outcome)),
            "deliveries": .array(deliveries.map(delivery)),
            "qualification": status.qualification.map {
                ["qualified": .count($0.qualified), "unqualified": .count($0.unqualified)]
            } ?? .null,
            "result_bytes": status.resultBytes.map(JSONValue.count) ?? .null,
        ]
    }

    /// A request as lists show it.
    static func listed(_ request: ListedRequest) -> JSONValue {
        [
            "id": .string("\(request.id)"), "activity": .string(request.activity), "state": .string(request.state),
            "substate": .text(request.substate), "reason": .text(request.reason),
            "created_at": .moment(request.createdAt), "objects": ["total": .count(request.objects)],
            "runs": [
                "total": .count(request.runs.total), "open": .count(request.runs.open),
                "done": .count(request.runs.done),
                "failed": .count(request.runs.failed), "invalid": .count(request.runs.invalid),
                "timedout": .count(request.runs.timedout),
            ],
        ]
    }

    /// What an action has come to so far.
    static func action(_ status: RequestStatus) -> JSONValue {
        [
            "id": .string("\(status.id)"), "state": .string(status.state), "substate": .text(status.substate),
            "reason": .text(status.reason),
            "runs": ["total": .count(status.runs.total), "open": .count(status.runs.open)],
        ]
    }

    private static func outcome(_ outcome: RunOutcome) -> JSONValue {
        [
            "substate": .text(outcome.substate), "reason": .text(outcome.reason), "count": .count(outcome.count),
            "objects": .array(outcome.objects.map { .string($0) }),
            "call": outcome.call.map { call in
                [
                    "method": .string(call.method), "url": .string(call.url),
                    "status": call.status.map(JSONValue.count) ?? .null, "answer": .text(call.answer),
                ]
            } ?? .null,
        ]
    }

    static func delivery(_ delivery: DeliveryRecord) -> JSONValue {
        [
            "id": .string("\(delivery.id)"), "endpoint": .string(delivery.endpoint), "state": .string(delivery.state),
            "attempts": .count(delivery.attempts), "substate": .text(delivery.substate),
            "reason": .text(delivery.reason), "last_attempt_at": .moment(delivery.lastAttemptAt),
            "next_attempt_at": .moment(delivery.nextAttemptAt),
            "delivered_at": .moment(delivery.deliveredAt),
        ]
    }

    static func timeline(of id: some CustomStringConvertible, _ entries: [TimelineEntry]) -> JSONValue {
        [
            "id": .string("\(id)"),
            "entries": .array(
                entries.map { entry in
                    [
                        "subject": .string(entry.subject), "from": .text(entry.from), "to": .string(entry.to),
                        "count": .count(entry.count), "first": .moment(entry.first),
                        "last": .moment(entry.last), "actor": .text(entry.actor),
                        "reason": .text(entry.reason),
                    ]
                }),
        ]
    }

    private static func plan(_ plan: Plan) -> JSONValue {
        ["runs": .count(plan.runs), "calls": .count(plan.calls)]
    }
}

import Contracts
import JSON
import Runtime
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
        deliveries: [DeliveryStatus]
    ) -> JSONValue {
        [
            "id": .string("\(status.id)"),
            "activity": .string(status.activity),
            "state": .string(status.state),
            "substate": optional(status.substate),
            "reason": optional(status.reason),
            "created_at": .string(timestamp(status.createdAt)),
            "objects": ["total": number(status.objects.total), "expanded": number(status.objects.expanded)],
            "plan": plan(status.plan),
            "runs": [
                "total": number(status.runs.total), "open": number(status.runs.open), "done": number(status.runs.done),
                "failed": number(status.runs.failed), "invalid": number(status.runs.invalid),
                "timedout": number(status.runs.timedout),
            ],
            "failures": .array(failures.map(outcome)),
            "waiting": .array(waiting.map(outcome)),
            "notes": .array(notes.map(outcome)),
            "deliveries": .array(deliveries.map(delivery)),
            "qualification": status.qualification.map {
                ["qualified": number($0.qualified), "unqualified": number($0.unqualified)]
            } ?? .null,
            "result_bytes": status.resultBytes.map(number) ?? .null,
        ]
    }

    /// A request as lists show it.
    static func listed(_ request: ListedRequest) -> JSONValue {
        [
            "id": .string("\(request.id)"), "activity": .string(request.activity), "state": .string(request.state),
            "substate": optional(request.substate), "reason": optional(request.reason),
            "created_at": .string(timestamp(request.createdAt)), "objects": ["total": number(request.objects)],
            "runs": [
                "total": number(request.runs.total), "open": number(request.runs.open),
                "done": number(request.runs.done),
                "failed": number(request.runs.failed), "invalid": number(request.runs.invalid),
                "timedout": number(request.runs.timedout),
            ],
        ]
    }

    /// What an action has come to so far.
    static func action(_ status: RequestStatus) -> JSONValue {
        [
            "id": .string("\(status.id)"), "state": .string(status.state), "substate": optional(status.substate),
            "reason": optional(status.reason),
            "runs": ["total": number(status.runs.total), "open": number(status.runs.open)],
        ]
    }

    private static func outcome(_ outcome: RunOutcome) -> JSONValue {
        [
            "substate": optional(outcome.substate), "reason": optional(outcome.reason), "count": number(outcome.count),
            "objects": .array(outcome.objects.map { .string($0) }),
            "call": outcome.call.map { call in
                [
                    "method": .string(call.method), "url": .string(call.url),
                    "status": call.status.map(number) ?? .null, "answer": optional(call.answer),
                ]
            } ?? .null,
        ]
    }

    static func delivery(_ delivery: DeliveryStatus) -> JSONValue {
        [
            "endpoint": .string(delivery.endpoint), "state": .string(delivery.state),
            "attempts": number(delivery.attempts), "substate": optional(delivery.substate),
            "reason": optional(delivery.reason), "last_attempt_at": optional(delivery.lastAttemptAt.map(timestamp)),
            "next_attempt_at": optional(delivery.nextAttemptAt.map(timestamp)),
            "delivered_at": optional(delivery.deliveredAt.map(timestamp)),
        ]
    }

    static func timeline(of id: some CustomStringConvertible, _ entries: [TimelineEntry]) -> JSONValue {
        [
            "id": .string("\(id)"),
            "entries": .array(
                entries.map { entry in
                    [
                        "subject": .string(entry.subject), "from": optional(entry.from), "to": .string(entry.to),
                        "count": number(entry.count), "first": .string(timestamp(entry.first)),
                        "last": .string(timestamp(entry.last)), "actor": optional(entry.actor),
                        "reason": optional(entry.reason),
                    ]
                }),
        ]
    }

    private static func plan(_ plan: Plan) -> JSONValue {
        ["runs": number(plan.runs), "calls": number(plan.calls)]
    }

    static func number(_ value: Int) -> JSONValue { .number(JSONNumber(value)) }

    static func optional(_ text: String?) -> JSONValue { text.map { .string($0) } ?? .null }

    static func timestamp(_ date: Date) -> String {
        Timestamp.rfc3339(nanosecondsSinceEpoch: Int64((date.timeIntervalSince1970 * 1_000_000).rounded()) * 1000)
    }
}

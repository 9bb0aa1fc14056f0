import Contracts
import JSON
import Runtime
import Store

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The JSON documents of `/v1/webhook-endpoints` and `/v1/deliveries`.
enum EndpointDocuments {
    /// An endpoint. Values of headers are left out: they may be secret.
    static func endpoint(_ endpoint: WebhookEndpoint) -> JSONValue {
        [
            "key": .string(endpoint.key), "url": .string(endpoint.url),
            "state": endpoint.disabled == nil ? "enabled" : "disabled",
            "disabled_at": moment(endpoint.disabled?.at), "disabled_reason": optional(endpoint.disabled?.reason),
            "event_types": endpoint.eventTypes.map { .array($0.map { .string($0) }) } ?? .null,
            "headers": .array(endpoint.headerNames.map { .string($0) }),
            "rate": endpoint.rate.map { ["calls": number($0.calls), "per_seconds": number($0.perSeconds)] } ?? .null,
            "ordered": .bool(endpoint.isOrdered),
            "secret_name": optional(endpoint.secretName),
            "secrets": .array(endpoint.secrets.map { .object(members(of: $0)) }),
            "health": [
                "failing_since": moment(endpoint.failingSince), "last_success_at": moment(endpoint.lastSuccessAt),
                "paused_until": moment(endpoint.pausedUntil),
            ],
        ]
    }

    /// A secret, without itself.
    static func members(of secret: WebhookSecretRecord) -> JSONObject {
        [
            "id": .string("\(secret.id)"), "kind": .string(secret.kind), "public_key": optional(secret.publicKey),
            "created_at": .string(timestamp(secret.createdAt)), "expires_at": moment(secret.expiresAt),
        ]
    }

    /// A delivery as lists show it.
    static func members(of delivery: DeliveryRecord) -> JSONObject {
        [
            "id": .string("\(delivery.id)"), "endpoint": .string(delivery.endpoint),
            "event": .string(delivery.event),
            "request": optional(delivery.activityRequest.map { "\($0)" }),
            "workflow_request": optional(delivery.workflowRequest),
            "state": .string(delivery.state), "substate": optional(delivery.substate),
            "reason": optional(delivery.reason), "attempts": number(delivery.attempts),
            "created_at": .string(timestamp(delivery.createdAt)), "last_attempt_at": moment(delivery.lastAttemptAt),
            "next_attempt_at": moment(delivery.nextAttemptAt), "delivered_at": moment(delivery.deliveredAt),
        ]
    }

    /// A delivery with its attempts.
    static func delivery(_ delivery: DeliveryRecord, _ attempts: [AttemptRecord]) -> JSONValue {
        var document = members(of: delivery)
        document["history"] = .array(
            attempts.map { attempt in
                [
                    "attempt": number(attempt.attempt), "at": .string(timestamp(attempt.at)),
                    "status": attempt.status.map(number) ?? .null,
                    "milliseconds": number(attempt.milliseconds),
                    "substate": optional(attempt.substate), "reason": optional(attempt.reason),
                    "answer": optional(attempt.answer),
                ]
            })
        return .object(document)
    }

    static func timestamp(_ date: Date) -> String {
        Timestamp.rfc3339(nanosecondsSinceEpoch: Int64((date.timeIntervalSince1970 * 1_000_000).rounded()) * 1000)
    }

    private static func moment(_ date: Date?) -> JSONValue { date.map { .string(timestamp($0)) } ?? .null }

    private static func number(_ value: Int) -> JSONValue { .number(JSONNumber(value)) }

    /// Whole numbers without a decimal point.
    private static func number(_ value: Double) -> JSONValue {
        value.rounded() == value && abs(value) < 1e15
            ? number(Int(value)) : .number(JSONNumber(value) ?? JSONNumber(0))
    }

    private static func optional(_ text: String?) -> JSONValue { text.map { .string($0) } ?? .null }
}

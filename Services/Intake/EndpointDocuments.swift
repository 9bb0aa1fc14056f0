import Contracts
import JSON
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
            "disabled_at": .moment(endpoint.disabled?.at), "disabled_reason": .text(endpoint.disabled?.reason),
            "event_types": endpoint.eventTypes.map(JSONValue.texts) ?? .null,
            "headers": .texts(endpoint.headerNames),
            "rate": endpoint.rate.map { ["calls": .count($0.calls), "per_seconds": number($0.perSeconds)] } ?? .null,
            "ordered": .bool(endpoint.isOrdered),
            "secret_name": .text(endpoint.secretName),
            "secrets": .array(endpoint.secrets.map { .object(members(of: $0)) }),
            "health": [
                "failing_since": .moment(endpoint.failingSince), "last_success_at": .moment(endpoint.lastSuccessAt),
                "paused_until": .moment(endpoint.pausedUntil),
            ],
        ]
    }

    /// A secret, without itself.
    static func members(of secret: WebhookSecretRecord) -> JSONObject {
        [
            "id": .string("\(secret.id)"), "kind": .string(secret.kind), "public_key": .text(secret.publicKey),
            "created_at": .moment(secret.createdAt), "expires_at": .moment(secret.expiresAt),
        ]
    }

    /// A delivery as lists show it.
    static func members(of delivery: DeliveryRecord) -> JSONObject {
        [
            "id": .string("\(delivery.id)"), "endpoint": .string(delivery.endpoint),
            "event": .string(delivery.event),
            "request": .text(delivery.activityRequest.map { "\($0)" }),
            "workflow_request": .text(delivery.workflowRequest),
            "state": .string(delivery.state), "substate": .text(delivery.substate),
            "reason": .text(delivery.reason), "attempts": .count(delivery.attempts),
            "created_at": .moment(delivery.createdAt), "last_attempt_at": .moment(delivery.lastAttemptAt),
            "next_attempt_at": .moment(delivery.nextAttemptAt), "delivered_at": .moment(delivery.deliveredAt),
        ]
    }

    /// A delivery with its attempts.
    static func delivery(_ delivery: DeliveryRecord, _ attempts: [AttemptRecord]) -> JSONValue {
        var document = members(of: delivery)
        document["history"] = .array(
            attempts.map { attempt in
                [
                    "attempt": .count(attempt.attempt), "at": .moment(attempt.at),
                    "status": attempt.status.map(JSONValue.count) ?? .null,
                    "milliseconds": number(attempt.milliseconds),
                    "substate": .text(attempt.substate), "reason": .text(attempt.reason),
                    "answer": .text(attempt.answer), "next_attempt_at": .moment(attempt.nextAttemptAt),
                ]
            })
        return .object(document)
    }

    /// Whole numbers without a decimal point.
    private static func number(_ value: Double) -> JSONValue {
        value.rounded() == value && abs(value) < 1e15
            ? .count(Int(value)) : .number(JSONNumber(value) ?? JSONNumber(0))
    }
}

import Contracts
import Outbound
import Runtime
import Store

/// Posts one delivery, signed after Standard Webhooks, and judges the answer: 2xx is success and nothing else.
struct WebhookPoster: Sendable {
    /// How long an endpoint may take for the whole exchange.
    static let timeout: Duration = .seconds(15)
    /// How much of an endpoint's answer is read, and how much of it is kept.
    static let answerBytesMax = 64 << 10
    static let answerBytesKept = 2_000

    let client: OutboundClient
    let secrets: SecretResolver
    let clock: WallClock
    /// Makes the ids of attempts as others see them in a trace.
    let ids: IDGenerator
    let policy: DeliveryPolicy
    let random: @Sendable () -> Double

    /// Makes one attempt. Every error becomes an outcome.
    func post(_ delivery: ClaimedDelivery) async -> DeliveryAttempt {
        let secret: WebhookSecret
        do {
            secret = try WebhookSecret(parsing: secrets.resolve(delivery.secretName))
        } catch {
            return attempt(
                delivery, substate: error is SecretError ? "secret_missing" : "secret_invalid",
                error: "it cannot be signed: \(error)")
        }
        let timestamp = clock.millisecondsSinceEpoch() / 1000
        let id = "\(delivery.id)"
        var request = OutboundRequest(
            method: "POST", url: delivery.url,
            headers: [
                ("content-type", "application/json"),
                ("webhook-id", id),
                ("webhook-timestamp", "\(timestamp)"),
                ("webhook-signature", secret.sign(id: id, timestamp: timestamp, body: delivery.payload)),
            ],
            body: delivery.payload)
        if let trace = delivery.trace { request.headers.append(("traceparent", trace.child(ids.next()).traceparent)) }
        request.timeout = Self.timeout
        request.responseBytesMax = Self.answerBytesMax
        do {
            let response = try await client.send(request)
            let answer = PlainText.of(
                response.body.prefix(Self.answerBytesKept), isCut: response.body.count > Self.answerBytesKept)
            let isTaken = (200..<300).contains(response.status)
            return attempt(
                delivery, isTaken: isTaken, status: response.status, duration: response.duration,
                substate: isTaken ? nil : "http_\(response.status)",
                error: isTaken ? nil : "the endpoint answered HTTP \(response.status)", answer: answer)
        } catch {
            return attempt(
                delivery, duration: error.duration, substate: error.code.description, error: error.message)
        }
    }

    private func attempt(
        _ delivery: ClaimedDelivery, isTaken: Bool = false, status: Int? = nil, duration: Duration = .zero,
        substate: String?, error: String?, answer: String? = nil
    ) -> DeliveryAttempt {
        let outcome: DeliveryAttempt.Outcome
        if isTaken {
            outcome = .delivered
        } else if let wait = policy.wait(afterAttempt: delivery.attempt, random: random()) {
            outcome = .retry(after: wait)
        } else {
            outcome = .failed
        }
        let milliseconds = Double(duration.components.seconds) * 1000 + Double(duration.components.attoseconds) / 1e15
        return DeliveryAttempt(
            delivery: delivery, outcome: outcome, status: status, milliseconds: milliseconds,
            substate: substate, error: error, answer: answer)
    }
}

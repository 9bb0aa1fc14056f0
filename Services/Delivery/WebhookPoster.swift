import Contracts
import Outbound
import Runtime
import Sources
import Store
import Templates

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Posts one delivery, signed after Standard Webhooks, and judges the answer: 2xx is success and nothing else.
struct WebhookPoster: Sendable {
    /// How much of an endpoint's answer is read, and how much of it is kept.
    static let answerBytesMax = 64 << 10
    static let answerBytesKept = 20_000

    let client: OutboundClient
    let secrets: SecretResolver
    /// Opens the secrets that Weir has made; nil without a signing key.
    let seal: WebhookSecretSeal?
    /// Told of those that do not open.
    let unopened: UnopenedSecrets
    let clock: WallClock
    /// Makes the ids of attempts as others see them in a trace.
    let ids: IDGenerator
    let policy: DeliveryPolicy
    /// How long an endpoint may take for the whole exchange.
    let timeout: Duration
    let random: @Sendable () -> Double

    /// Makes one attempt. Every error becomes an outcome.
    func post(_ delivery: ClaimedDelivery) async -> DeliveryAttempt {
        let signing: SigningSecrets
        let headers: EndpointHeaders
        do {
            signing = try SigningSecrets(delivery, secrets: secrets, seal: seal)
        } catch {
            return unposted(delivery, substate: error.substate, error: error.reason)
        }
        unopened.note(signing.unopened, of: delivery)
        do {
            headers = try EndpointHeaders(delivery, secrets: secrets)
        } catch {
            return unposted(delivery, substate: error.substate, error: error.reason)
        }
        let timestamp = clock.millisecondsSinceEpoch() / 1000
        let id = "\(delivery.id)"
        let signatures: [String]
        do {
            signatures = try signing.signers.map { try $0.sign(id: id, timestamp: timestamp, body: delivery.payload) }
        } catch {
            return unposted(delivery, substate: "secret_invalid", error: "it cannot be signed: \(error)")
        }
        var request = OutboundRequest(
            method: "POST", url: delivery.url,
            headers: [
                ("content-type", "application/json"), ("webhook-id", id), ("webhook-timestamp", "\(timestamp)"),
                ("webhook-signature", signatures.joined(separator: " ")),
            ] + headers.fields,
            body: delivery.payload)
        if let trace = delivery.trace { request.headers.append(("traceparent", trace.child(ids.next()).traceparent)) }
        request.timeout = timeout
        request.responseBytesMax = Self.answerBytesMax

        do {
            let response = try await client.send(request)
            // Without what its text begins with a secret is one too, and so is a signature, as long as its timestamp is recent.
            let keys = signing.texts.compactMap { $0.split(separator: "_", maxSplits: 1).last.map(String.init) }
            let mask = SecretMask(
                signing.texts + keys + headers.secretTexts + signatures
                    + signatures.compactMap { $0.split(separator: ",").last.map(String.init) })
            return judge(response, of: delivery, mask: mask)
        } catch {
            // What this process has no room or no time for is no attempt: the endpoint and its declaration are well.
            if [.cancelled, .closed, .overloaded].contains(error.code) {
                return DeliveryAttempt(
                    delivery: delivery, outcome: .postponed(after: policy.postponement(random: random())),
                    finding: .none,
                    status: nil, milliseconds: Self.milliseconds(error.duration), substate: error.code.description,
                    error: "it was not posted: \(error.message)", answer: nil)
            }
            if error.code == .invalidHeader {
                return unposted(delivery, substate: error.code.description, error: error.message)
            }
            return failed(
                delivery, finding: .notTaken, DeliveryPolicy.Failure(isOverload: error.code == .timeout),
                duration: error.duration, substate: error.code.description, error: error.message)
        }
    }

    private func judge(_ response: OutboundResponse, of delivery: ClaimedDelivery, mask: SecretMask) -> DeliveryAttempt
    {
        let (beginning, isCut) = mask.beginning(of: response.body, bytesMax: Self.answerBytesKept)
        let answer = response.body.isEmpty ? nil : PlainText.of(beginning, isCut: isCut)
        switch response.status {
        case 200..<300:
            return DeliveryAttempt(
                delivery: delivery, outcome: .delivered, finding: .taken, status: response.status,
                milliseconds: Self.milliseconds(response.duration), substate: nil, error: nil, answer: answer)
        case 410:
            return DeliveryAttempt(
                delivery: delivery, outcome: .failed, finding: .gone, status: response.status,
                milliseconds: Self.milliseconds(response.duration), substate: "http_410",
                error: "the endpoint answered HTTP 410: it is not wanted any more, and was disabled", answer: answer)
        default:
            let now = Date(timeIntervalSince1970: Double(clock.millisecondsSinceEpoch()) / 1000)
            let failure = DeliveryPolicy.Failure(
                isOverload: response.status == 429,
                retryAfter: response.header("retry-after").flatMap { RetryAfter.parse($0, now: now) })
            let isRedirect = (300..<400).contains(response.status)
            return failed(
                delivery, finding: .notTaken, failure, status: response.status, duration: response.duration,
                substate: "http_\(response.status)",
                error: "the endpoint answered HTTP \(response.status)"
                    + (isRedirect ? "; redirects are not followed: set its url to where it leads" : ""),
                answer: answer)
        }
    }

    /// Nothing was posted, because of what is declared or set. That uses up no attempt: the endpoint is left alone until somebody mends it, and
    /// disabled when nobody does for too long.
    private func unposted(_ delivery: ClaimedDelivery, substate: String, error: String) -> DeliveryAttempt {
        DeliveryAttempt(
            delivery: delivery, outcome: .held(after: policy.incompleteWait(random: random())), finding: .incomplete,
            status: nil, milliseconds: 0, substate: substate, error: error, answer: nil)
    }

    private func failed(
        _ delivery: ClaimedDelivery, finding: DeliveryAttempt.Finding, _ failure: DeliveryPolicy.Failure,
        status: Int? = nil, duration: Duration, substate: String, error: String, answer: String? = nil
    ) -> DeliveryAttempt {
        let wait = policy.wait(
            afterAttempt: delivery.attempt - delivery.attemptsBefore, failure, random: random())
        return DeliveryAttempt(
            delivery: delivery, outcome: wait.map { .retry(after: $0) } ?? .failed, finding: finding, status: status,
            milliseconds: Self.milliseconds(duration), substate: substate, error: error, answer: answer)
    }

    private static func milliseconds(_ duration: Duration) -> Double {
        Double(duration.components.seconds) * 1000 + Double(duration.components.attoseconds) / 1e15
    }
}

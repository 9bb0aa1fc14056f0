import Contracts
import Outbound
import Runtime
import Store
import Templates

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Judges how an exchange ended: success, try again, or failed for good, each with a reason that a user understands.
struct ExchangeJudge {
    let exchange: ClaimedExchange
    let source: PreparedSource
    let clock: WallClock
    let random: () -> Double

    /// An answer came.
    func judge(_ response: OutboundResponse, to call: MadeCall) -> ExchangeOutcome {
        let log = call.log(response.duration)
        if (200..<300).contains(response.status) {
            return .answer(
                RecordedAnswer(
                    exchange: exchange.id, status: response.status, contentType: response.header("content-type"),
                    body: response.body, log: log))
        }
        let status = response.status
        let isRetryable = status == 408 || status == 425 || status == 429 || status >= 500
        let retryAfter = isRetryable ? response.header("retry-after").flatMap { RetryAfter.parse($0, now: now) } : nil
        let reason = Self.sentence(status: status, location: response.header("location"))
        return .failure(
            RecordedFailure(
                exchange: exchange.id, substate: "http_\(status)", reason: reason,
                verdicts: verdicts(reason, isRetryable: isRetryable, retryAfter: retryAfter), status: status,
                responseBytes: response.body.count, answer: AnswerBeginning.text(of: response.body, mask: call.mask),
                log: log))
    }

    /// No answer came.
    func failure(_ error: OutboundError, of call: MadeCall) -> RecordedFailure {
        // When this executor is stopping or out of resources, it is no fault of the API.
        let isOwnFault = [.cancelled, .closed, .overloaded].contains(error.code)
        return RecordedFailure(
            exchange: exchange.id, isTimeout: error.code == .timeout, substate: error.code.description,
            reason: error.message,
            verdicts: isOwnFault
                ? verdicts { _ in (.retry(after: .milliseconds(100)), error.message) }
                : verdicts(error.message, isRetryable: error.isRetryable, isTimeout: error.code == .timeout),
            log: call.log(error.duration))
    }

    /// The request could not even be made.
    func unsendable(_ error: any Error) -> RecordedFailure {
        let reason = "the request could not be made: \(error)"
        return RecordedFailure(
            exchange: exchange.id, substate: error is SecretError ? "secret_missing" : "template", reason: reason,
            verdicts: verdicts(reason, isRetryable: false), log: MadeCall.none.log(.zero))
    }

    private var now: Date { Date(timeIntervalSince1970: Double(clock.millisecondsSinceEpoch()) / 1000) }

    /// A verdict for each attempt that the exchange's runs are in.
    private func verdicts(
        _ judge: (_ attempt: Int) -> (RecordedFailure.Outcome, reason: String)
    ) -> [RecordedFailure.Verdict] {
        Set(exchange.runs.map(\.attempt)).sorted().map { attempt in
            let (outcome, reason) = judge(attempt)
            return RecordedFailure.Verdict(attempt: attempt, outcome: outcome, reason: reason)
        }
    }

    private func verdicts(
        _ reason: String, isRetryable: Bool, retryAfter: Duration? = nil, isTimeout: Bool = false
    ) -> [RecordedFailure.Verdict] {
        let end = isTimeout ? RecordedFailure.Outcome.timedout : .failed
        guard isRetryable else { return verdicts { _ in (end, reason) } }
        let jitter = random()
        return verdicts { attempt in
            let which = "\(reason); attempt \(attempt) of \(source.retry.attempts)"
            guard let delay = source.retry.delay(afterAttempt: attempt, retryAfter: retryAfter, random: jitter) else {
                return (end, "\(which) was the last")
            }
            return (.retry(after: delay), "\(which), again in \(delay.milliseconds.rounded() / 1000) s")
        }
    }

    private static func sentence(status: Int, location: String?) -> String {
        switch status {
        case 300..<400:
            "the API answered HTTP \(status), a redirect; redirects are not followed, so put the final address into the source"
        case 401, 403: "the API answered HTTP \(status): it refuses the credentials of this source"
        case 404, 410: "the API answered HTTP \(status): it does not know this object"
        case 429: "the API answered HTTP 429: too many requests"
        default: "the API answered HTTP \(status)"
        }
    }
}

extension Duration {
    /// The duration in milliseconds.
    var milliseconds: Float {
        Float(components.seconds) * 1000 + Float(components.attoseconds) / 1e15
    }
}

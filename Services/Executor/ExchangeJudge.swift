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
    func judge(_ response: OutboundResponse, method: String, url: String) -> ExchangeOutcome {
        let log = ExchangeLog(method: method, url: url, milliseconds: response.duration.milliseconds)
        if (200..<300).contains(response.status) {
            return .answer(
                RecordedAnswer(
                    exchange: exchange.id, status: response.status, contentType: response.header("content-type"),
                    body: response.body, log: log))
        }
        let status = response.status
        let isRetryable = status == 408 || status == 425 || status == 429 || status >= 500
        let retryAfter = isRetryable ? response.header("retry-after").flatMap { RetryAfter.parse($0, now: now) } : nil
        return .failure(
            failure(
                substate: "http_\(status)",
                reason: Self.sentence(status: status, location: response.header("location")),
                isRetryable: isRetryable, retryAfter: retryAfter, status: status,
                responseBytes: response.body.count, log: log))
    }

    /// No answer came.
    func failure(_ error: OutboundError, method: String, url: String) -> RecordedFailure {
        let log = ExchangeLog(method: method, url: url, milliseconds: error.duration.milliseconds)
        // This executor is stopping or out of resources, which is no fault of the API.
        if [.cancelled, .closed, .overloaded].contains(error.code) {
            return RecordedFailure(
                exchange: exchange.id, outcome: .retry(after: .milliseconds(100)), substate: error.code.description,
                reason: error.message, status: nil, responseBytes: 0, log: log)
        }
        return failure(
            substate: error.code.description, reason: error.message, isRetryable: error.isRetryable,
            endsAsTimedout: error.code == .timeout, log: log)
    }

    /// The request could not even be made.
    func unsendable(_ error: any Error) -> RecordedFailure {
        let substate = error is SecretError ? "secret_missing" : "template"
        return failure(
            substate: substate, reason: "the request could not be made: \(error)", isRetryable: false,
            log: ExchangeLog(method: "-", url: "-", milliseconds: 0))
    }

    private var now: Date { Date(timeIntervalSince1970: Double(clock.millisecondsSinceEpoch()) / 1000) }

    private var attempt: Int { exchange.runs.map(\.attempt).max() ?? 1 }

    private func failure(
        substate: String, reason: String, isRetryable: Bool, retryAfter: Duration? = nil, status: Int? = nil,
        responseBytes: Int = 0, endsAsTimedout: Bool = false, log: ExchangeLog
    ) -> RecordedFailure {
        let delay =
            isRetryable ? source.retry.delay(afterAttempt: attempt, retryAfter: retryAfter, random: random()) : nil
        var outcome = RecordedFailure.Outcome.failed
        var sentence = reason
        if let delay {
            outcome = .retry(after: delay)
            sentence +=
                "; attempt \(attempt) of \(source.retry.attempts), again in \(delay.milliseconds.rounded() / 1000) s"
        } else {
            if endsAsTimedout { outcome = .timedout }
            if isRetryable { sentence += "; attempt \(attempt) of \(source.retry.attempts) was the last" }
        }
        return RecordedFailure(
            exchange: exchange.id, outcome: outcome, substate: substate, reason: sentence, status: status,
            responseBytes: responseBytes, log: log)
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

import Outbound
import Sources
import Templates

extension ExchangeSession {
    /// An answer that the rules find fault with, noted.
    mutating func failure(
        _ call: SourceCall, _ response: OutboundResponse, _ verdict: ResponseVerdict, because reason: String
    ) -> ExchangeFailure {
        note(call, response, error: reason)
        return ExchangeFailure(
            kind: ExchangeFailure.Kind(verdict), substate: verdict.substate, reason: reason, status: response.status,
            responseBytes: response.body.count, answer: calls.last?.answer, mayHaveBeenSent: true)
    }
}

extension ExchangeFailure {
    /// The next page is not asked for.
    init(_ refusal: PageRefusal, _ response: OutboundResponse, _ mask: SecretMask) {
        self.init(
            kind: .fail, substate: refusal.substate, reason: mask.masked(refusal.reason), status: response.status,
            responseBytes: response.body.count, answer: AnswerBeginning.text(of: response.body, mask: mask),
            mayHaveBeenSent: true)
    }
}

extension ExchangeFailure.Kind {
    fileprivate init(_ verdict: ResponseVerdict) {
        let standard = Duration.milliseconds(ResponseRule.afterMillisecondsStandard)
        self =
            switch verdict.action {
            case .retry: .retry(after: verdict.after)
            case .retryLater: .retryLater(after: verdict.after ?? standard)
            case .pauseSource: .pauseSource(for: verdict.after ?? standard)
            case .success, .noData, .refreshCredentials, .fail: .fail
            }
    }
}

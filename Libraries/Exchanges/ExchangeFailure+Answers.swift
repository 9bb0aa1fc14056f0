import Outbound
import Sources

extension ExchangeSession {
    /// An answer that the rules find fault with, noted.
    ///
    /// - Parameter kind: what to do about it, if that is not what the rules say.
    mutating func failure(
        _ call: SourceCall, _ response: OutboundResponse, _ verdict: ResponseVerdict, because reason: String,
        kind: ExchangeFailure.Kind? = nil
    ) -> ExchangeFailure {
        note(call, response, error: reason)
        return ExchangeFailure(
            kind: kind ?? ExchangeFailure.Kind(verdict), substate: verdict.substate, reason: reason,
            status: response.status, mayHaveBeenSent: true)
    }

    /// What a page says of the next one, or of all pages, cannot be; noted at the call of the page.
    mutating func failure(_ refusal: PageRefusal, _ response: OutboundResponse) -> ExchangeFailure {
        let reason = secrets.mask.masked(refusal.reason)
        refuseLast(response, because: reason)
        return ExchangeFailure(
            kind: .fail, substate: refusal.substate, reason: reason, status: response.status, mayHaveBeenSent: true)
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

import Outbound
import Sources

extension SourceClient {
    /// Makes a call, and once more with new credentials if the API asks for them.
    ///
    /// - Returns: an answer that can be used, and why it holds nothing if it does not.
    func answer(
        to call: SourceCall, bytesMax: Int, _ session: inout ExchangeSession
    ) async throws(ExchangeFailure) -> (OutboundResponse, noData: String?) {
        var hasRefreshed = false
        /// Whether it was refused while others were accepted with the same token.
        var isAskedOnceMore = false
        while true {
            var call = call
            let token = try await authorizer.authorize(&call, &session)
            let (response, sent) = try await send(call, bytesMax: bytesMax, &session)
            let verdict = rules.verdict(
                status: response.status, header: { response.header($0) }, body: response.body, now: now)
            switch verdict.action {
            case .success:
                authorizer.accept(token, sent: sent)
                session.note(call, response)
                return (response, nil)
            case .noData:
                authorizer.accept(token, sent: sent)
                session.note(call, response)
                return (response, verdict.reason)
            case .refreshCredentials:
                guard let token else {
                    let reason = "\(verdict.reason); the source has no credentials that could be fetched anew"
                    throw session.failure(call, response, verdict, because: reason)
                }
                if hasRefreshed {
                    authorizer.spare(token)
                    let reason = "\(verdict.reason); also with credentials that were fetched anew"
                    throw session.failure(call, response, verdict, because: reason)
                }
                switch try await authorizer.refuse(token, sent: sent) {
                case .replaced:
                    session.note(call, response, error: "\(verdict.reason); new credentials are fetched")
                    hasRefreshed = true
                case .accepted where !isAskedOnceMore:
                    // It may have been revoked in between; a call that is sent from now on would find that, too.
                    session.note(call, response, error: "\(verdict.reason); other calls are accepted, so once more")
                    isAskedOnceMore = true
                case .accepted:
                    let reason = "\(verdict.reason); it accepts the same ones for other calls"
                    throw session.failure(call, response, verdict, because: reason)
                // Should it be the credentials after all, the next try has new ones.
                case .spared(let time):
                    let reason = "\(verdict.reason); new ones did not help another call a moment ago"
                    throw session.failure(call, response, verdict, because: reason, kind: .retry(after: time))
                }
            case .retry, .retryLater, .pauseSource, .fail:
                throw session.failure(call, response, verdict, because: verdict.reason)
            }
        }
    }

    private func send(
        _ call: SourceCall, bytesMax: Int, _ session: inout ExchangeSession
    ) async throws(ExchangeFailure) -> (OutboundResponse, sent: ContinuousClock.Instant) {
        let request = call.request(timeout: .milliseconds(setup.timeoutMilliseconds), responseBytesMax: bytesMax)
        if session.hasCalled, let turn = session.turn, !(await turn()) { throw .noTurn }
        do throws(OutboundError) {
            let sent = ContinuousClock.now
            let exchange = try outbound.call(request)
            session.cancellation?.begin { exchange.cancel() }
            defer { session.cancellation?.end() }
            let response = try await exchange.response()
            session.hasCalled = true
            return (response, sent)
        } catch {
            session.note(call, error)
            throw ExchangeFailure(error)
        }
    }
}

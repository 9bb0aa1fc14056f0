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
        while true {
            var call = call
            let token = try await authorizer.authorize(&call, &session)
            let response = try await send(call, bytesMax: bytesMax, &session)
            let verdict = rules.verdict(
                status: response.status, header: { response.header($0) }, body: response.body, now: now)
            switch verdict.action {
            case .success:
                session.note(call, response)
                return (response, nil)
            case .noData:
                session.note(call, response)
                return (response, verdict.reason)
            case .refreshCredentials:
                guard let token, !hasRefreshed else {
                    let again =
                        token == nil
                        ? "the source has no credentials that could be fetched anew"
                        : "also with credentials that were fetched anew"
                    throw session.failure(call, response, verdict, because: "\(verdict.reason); \(again)")
                }
                session.note(call, response, error: "\(verdict.reason); new credentials are fetched")
                try await authorizer.invalidate(token)
                hasRefreshed = true
            case .retry, .retryLater, .pauseSource, .fail:
                throw session.failure(call, response, verdict, because: verdict.reason)
            }
        }
    }

    private func send(
        _ call: SourceCall, bytesMax: Int, _ session: inout ExchangeSession
    ) async throws(ExchangeFailure) -> OutboundResponse {
        let request = call.request(timeout: .milliseconds(setup.timeoutMilliseconds), responseBytesMax: bytesMax)
        do throws(OutboundError) {
            if session.hasCalled { await session.turn?() }
            let exchange = try outbound.call(request)
            session.cancellation?.begin(exchange)
            defer { session.cancellation?.end() }
            let response = try await exchange.response()
            session.hasCalled = true
            return response
        } catch {
            session.note(call, error)
            throw ExchangeFailure(error)
        }
    }
}

import Outbound
import Sources
import Templates

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The authorization server that gives tokens for a client's own credentials (RFC 6749, section 4.4).
struct TokenEndpoint: Sendable {
    private let outbound: OutboundClient
    /// How long one call may take.
    let timeout: Duration

    /// The longest answer that is read: a token has some kilobytes.
    private static let responseBytesMax = 1 << 20
    /// The longest that a call may take, whatever the source allows its own.
    private static let timeoutMax: Duration = .seconds(30)

    init(outbound: OutboundClient, timeout: Duration) {
        self.outbound = outbound
        self.timeout = min(timeout, Self.timeoutMax)
    }

    /// Fetches a token.
    func fetch(
        _ credentials: ClientCredentials, _ session: inout ExchangeSession
    ) async throws(ExchangeFailure) -> AccessToken {
        let call = Self.call(credentials, &session.secrets)
        let response: OutboundResponse
        do throws(OutboundError) {
            response = try await outbound.send(
                call.request(timeout: timeout, responseBytesMax: Self.responseBytesMax))
        } catch {
            session.note(call, error, purpose: .token)
            throw ExchangeFailure(token: error)
        }
        let answer = TokenAnswer(status: response.status, body: response.body)
        switch answer {
        case .token(let token):
            session.secrets.add(token.text)
            session.note(call, response, showsAnswer: false, purpose: .token)
            return token
        case .unavailable(let reason), .refused(let reason):
            // What the server says may repeat what it was sent.
            let reason = session.secrets.mask.masked(reason)
            session.note(call, response, error: reason, showsAnswer: false, purpose: .token)
            let isRefused = if case .refused = answer { true } else { false }
            throw ExchangeFailure(
                kind: isRefused ? .fail : .retry(after: nil),
                substate: isRefused ? "token_refused" : "token_unavailable",
                reason: reason)
        }
    }

    private static func call(_ credentials: ClientCredentials, _ secrets: inout SecretReader) -> SourceCall {
        var form = [("grant_type", "client_credentials")]
        if let scope = credentials.scope { form.append(("scope", scope)) }
        form += credentials.parameters.map { ($0.name, $0.value) }
        var headers = [
            (name: "content-type", value: "application/x-www-form-urlencoded"),
            (name: "accept", value: "application/json"),
        ]
        switch credentials.clientAuthentication {
        case .basic:
            // RFC 6749, section 2.3.1: both are encoded as in a form first.
            let text = "\(encoded(credentials.clientID)):\(encoded(credentials.clientSecret))"
            let value = Data(text.utf8).base64EncodedString()
            secrets.add(value)
            headers.append((name: "authorization", value: "Basic \(value)"))
        case .body:
            form.append(("client_id", credentials.clientID))
            form.append(("client_secret", credentials.clientSecret))
        }
        let body = form.map { "\(encoded($0.0))=\(encoded($0.1))" }.joined(separator: "&")
        return SourceCall(
            method: "POST", url: credentials.tokenURL, shownURL: secrets.mask.masked(credentials.tokenURL),
            headers: headers, body: Array(body.utf8))
    }

    private static func encoded(_ text: String) -> String {
        var bytes: [UInt8] = []
        PercentEncoding.append(value: text, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension ExchangeFailure {
    /// The authorization server did not answer. That the API has not seen anything of the call is certain.
    fileprivate init(token error: OutboundError) {
        let kind: Kind =
            switch error.failureKind {
            case .timedOut: .retry(after: nil)
            case let other: other
            }
        self.init(
            kind: kind, substate: kind == .ownFault ? error.code.description : "token_unavailable",
            reason: "the authorization server could not be asked: \(error.message)")
    }
}

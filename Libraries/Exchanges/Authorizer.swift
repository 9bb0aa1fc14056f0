import Outbound
import Sources

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Tells a source's API who calls.
struct Authorizer: Sendable {
    private let authentication: Authentication
    private let tokens: AccessTokens?

    /// - Parameters:
    ///   - outbound: for the authorization server.
    ///   - timeout: of a call of it.
    init(_ authentication: Authentication, store: any TokenStore, outbound: OutboundClient, timeout: Duration) {
        self.authentication = authentication
        tokens =
            if case .clientCredentials = authentication {
                AccessTokens(store: store, endpoint: TokenEndpoint(outbound: outbound, timeout: timeout))
            } else {
                nil
            }
    }

    /// Puts the credentials into a call.
    ///
    /// - Returns: the token that was used, if it is one that could be fetched anew.
    func authorize(
        _ call: inout SourceCall, _ session: inout ExchangeSession
    ) async throws(ExchangeFailure) -> AccessToken? {
        switch authentication {
        case .none: return nil
        case .apiKey(.header, let name, let value):
            call.setHeader(name, try session.secrets.text(value))
        case .apiKey(.query, let name, let value):
            call.setParameter(name, to: try session.secrets.text(value), isSecret: true)
        case .basic(let username, let password):
            let text = try session.secrets.text(username) + ":" + session.secrets.text(password)
            let encoded = Data(text.utf8).base64EncodedString()
            session.secrets.add(encoded)
            call.setHeader("authorization", "Basic \(encoded)")
        case .bearer(let token):
            call.setHeader("authorization", "Bearer \(try session.secrets.text(token))")
        case .clientCredentials(let declared):
            guard let tokens else { return nil }
            let token = try await tokens.token(for: try declared.resolved(&session.secrets), &session)
            session.secrets.add(token.text)
            call.setHeader("authorization", "Bearer \(token.text)")
            return token
        }
        return nil
    }

    /// The API refuses a token that was sent at that time.
    func refuse(
        _ token: AccessToken, sent: ContinuousClock.Instant
    ) async throws(ExchangeFailure) -> AccessTokens.Refusal {
        try await tokens?.refuse(token, sent: sent) ?? .accepted
    }

    /// The API refuses also the token that took the place of a refused one.
    func spare(_ token: AccessToken) { tokens?.spare(token) }

    /// The API has accepted a token that was sent at that time.
    func accept(_ token: AccessToken?, sent: ContinuousClock.Instant) {
        if let token { tokens?.accept(token, sent: sent) }
    }
}

extension ClientCredentials {
    /// With the secrets in place.
    fileprivate func resolved(_ secrets: inout SecretReader) throws(ExchangeFailure) -> ClientCredentials {
        var resolved = self
        resolved.clientID = try secrets.text(clientID)
        resolved.clientSecret = try secrets.text(clientSecret)
        for place in parameters.indices {
            resolved.parameters[place].value = try secrets.text(parameters[place].value)
        }
        return resolved
    }
}

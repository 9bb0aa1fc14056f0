import Foundation
import Hummingbird
import Synchronization

/// The authorization server of the CRM: client credentials (RFC 6749, section 4.4), tokens that expire and can be revoked.
final class TokenIssuer: Sendable {
    static let clientID = "crm-client"
    static let clientSecret = "crm-secret"
    private static let standardSeconds = 3_600.0

    private struct Token {
        var expiry: ContinuousClock.Instant
        var isRevoked = false
    }

    private struct Answer: Encodable {
        var accessToken: String
        var tokenType = "Bearer"
        var expiresIn: Int
        var scope: String?
    }

    private let state: APIState
    private let tokens = Mutex<[String: Token]>([:])

    init(state: APIState) {
        self.state = state
    }

    /// All tokens that there are become stale at once, as when an administrator changes a client's rights.
    func revokeAll() {
        tokens.withLock { tokens in
            for key in tokens.keys { tokens[key]?.isRevoked = true }
        }
    }

    /// `POST /crm/oauth/token` with a form; the client proves who it is in the form or with HTTP Basic.
    func issue(_ request: Request) async throws -> Response {
        let form = try await Self.form(request)
        let (id, secret) = Self.basic(request) ?? (form["client_id"], form["client_secret"])
        guard id == Self.clientID, secret == Self.clientSecret else {
            return .json(["error": "invalid_client"], status: .unauthorized)
        }
        guard form["grant_type"] == "client_credentials" else {
            return .json(["error": "unsupported_grant_type"], status: .badRequest)
        }
        let seconds = state.settings.tokenSeconds ?? Self.standardSeconds
        let number = tokens.withLock { tokens in
            tokens["crm-token-\(tokens.count + 1)"] = Token(expiry: .now + .seconds(seconds))
            return tokens.count
        }
        state.count { $0.tokensIssued += 1 }
        return .json(
            Answer(accessToken: "crm-token-\(number)", expiresIn: Int(seconds.rounded(.up)), scope: form["scope"]))
    }

    /// The answer to a call without a good token; nil if it has one.
    func refusal(of request: Request) -> Response? {
        let words = (request.headers[.authorization] ?? "").split(separator: " ")
        guard words.count == 2, words[0].lowercased() == "bearer" else {
            return .json(["error": "missing_token"], status: .unauthorized, headers: [.wwwAuthenticate: "Bearer"])
        }
        let token = tokens.withLock { $0[String(words[1])] }
        if let token, !token.isRevoked, token.expiry > .now { return nil }
        if token != nil { state.count { $0.staleTokens += 1 } }
        return .json(
            ["error": "invalid_token"], status: .unauthorized,
            headers: [.wwwAuthenticate: #"Bearer error="invalid_token""#])
    }

    private static func form(_ request: Request) async throws -> [String: String] {
        let bytes = try await request.body.collect(upTo: Request.bodyBytesMax)
        var form: [String: String] = [:]
        for field in String(buffer: bytes).split(separator: "&") {
            let parts = field.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                .map { String($0).replacing("+", with: " ").removingPercentEncoding ?? "" }
            if parts.count == 2 { form[parts[0]] = parts[1] }
        }
        return form
    }

    /// Name and password of HTTP Basic (RFC 7617), each percent-encoded as RFC 6749, section 2.3.1, wants it.
    private static func basic(_ request: Request) -> (String?, String?)? {
        guard let (name, password) = request.basicCredentials else { return nil }
        return (name.removingPercentEncoding, password.removingPercentEncoding)
    }
}

extension Request {
    /// Name and password of HTTP Basic (RFC 7617).
    var basicCredentials: (name: String, password: String)? {
        let words = (headers[.authorization] ?? "").split(separator: " ")
        guard words.count == 2, words[0].lowercased() == "basic", let data = Data(base64Encoded: String(words[1]))
        else {
            return nil
        }
        let parts = String(decoding: data, as: UTF8.self).split(
            separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        return parts.count == 2 ? (String(parts[0]), String(parts[1])) : nil
    }
}

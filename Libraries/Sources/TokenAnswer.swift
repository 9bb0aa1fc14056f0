import JSON

/// What an authorization server answers to a request for a token (RFC 6749, section 5). Pure.
public enum TokenAnswer: Sendable, Hashable {
    /// A token.
    case token(AccessToken)
    /// Not now: the server is overloaded or broken.
    case unavailable(reason: String)
    /// Not with these credentials.
    case refused(reason: String)

    /// How long a token is used whose server does not say.
    public static let lifeStandard: Duration = .seconds(3600)
    /// The longest life that is believed.
    public static let lifeMax: Duration = .seconds(30 * 86_400)

    /// Reads an answer.
    public init(status: Int, body: [UInt8]) {
        let json = try? JSONValue(parsing: body)
        guard (200..<300).contains(status) else {
            self = Self.failure(status: status, json)
            return
        }
        guard let text = json?["access_token"]?.stringValue, !text.isEmpty else {
            self = .refused(reason: "the authorization server answered HTTP \(status) without an access_token")
            return
        }
        if let type = json?["token_type"]?.stringValue, type.lowercased() != "bearer" {
            self = .refused(
                reason: "the authorization server gives a token of type \(type.prefix(50)); only bearer can be used")
            return
        }
        // Some servers write the number as a text.
        let seconds = json?["expires_in"].flatMap { $0.doubleValue ?? $0.stringValue.flatMap(Double.init) }
        let life = seconds.map { min(.seconds(max(0, min($0, 1e9))), Self.lifeMax) } ?? Self.lifeStandard
        // Used a little less long, so that none expires on its way.
        self = .token(AccessToken(text: text, life: life - min(life / 10, .seconds(60))))
    }

    private static func failure(status: Int, _ json: JSONValue?) -> TokenAnswer {
        let words = ["error", "error_description"].compactMap { json?[$0]?.stringValue?.prefix(200) }
        let said = words.isEmpty ? "" : ": " + words.joined(separator: ", ")
        return switch ResponseRule.standard(for: status) {
        case .retry: .unavailable(reason: "the authorization server answered HTTP \(status)\(said)")
        default:
            .refused(reason: "the authorization server refuses the credentials of this source (HTTP \(status)\(said))")
        }
    }
}

/// How a source's API is told who calls. Texts may hold `<<$secret.NAME>>` and nothing else that is variable.
public enum Authentication: Sendable, Hashable {
    /// Not at all, or by what the templates themselves say.
    case none
    /// A key in a header field or a query parameter.
    case apiKey(place: KeyPlace, name: String, value: String)
    /// HTTP Basic (RFC 7617).
    case basic(username: String, password: String)
    /// A token that does not change (RFC 6750).
    case bearer(token: String)
    /// A token fetched from an authorization server with the client's own credentials (RFC 6749, section 4.4).
    case clientCredentials(ClientCredentials)

    /// Where an API key stands.
    public enum KeyPlace: String, Sendable, Hashable, CaseIterable {
        /// In a header field.
        case header
        /// In the query string.
        case query
    }
}

/// How a token is asked for with a client's own credentials (RFC 6749, section 4.4).
public struct ClientCredentials: Sendable, Hashable {
    /// How the client proves who it is to the authorization server (RFC 6749, section 2.3.1).
    public enum ClientAuthentication: String, Sendable, Hashable, CaseIterable {
        /// HTTP Basic.
        case basic
        /// `client_id` and `client_secret` in the form.
        case body
    }

    /// The absolute address of the token endpoint.
    public var tokenURL: String
    /// The client's id; may hold `<<$secret.NAME>>`.
    public var clientID: String
    /// The client's secret, with `<<$secret.NAME>>`.
    public var clientSecret: String
    /// What is asked for; nil leaves it to the server.
    public var scope: String?
    /// Further form fields that the server wants, such as `audience` or `resource`, in their order.
    public var parameters: [Parameter]
    /// How the client proves who it is.
    public var clientAuthentication: ClientAuthentication

    /// A form field.
    public struct Parameter: Sendable, Hashable {
        /// The field's name.
        public var name: String
        /// Its value; may hold `<<$secret.NAME>>`.
        public var value: String

        /// A form field.
        public init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    /// Credentials.
    public init(
        tokenURL: String, clientID: String, clientSecret: String, scope: String? = nil, parameters: [Parameter] = [],
        clientAuthentication: ClientAuthentication = .basic
    ) {
        self.tokenURL = tokenURL
        self.clientID = clientID
        self.clientSecret = clientSecret
        self.scope = scope
        self.parameters = parameters
        self.clientAuthentication = clientAuthentication
    }
}

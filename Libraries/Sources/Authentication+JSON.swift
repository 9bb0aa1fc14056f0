import JSON

extension Authentication {
    /// The kinds of credentials, by the names that files and the database have for them.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// A key in a header field or a query parameter.
        case apiKey = "api_key"
        /// HTTP Basic.
        case basic
        /// A token that does not change.
        case bearer
        /// OAuth 2.0 client credentials.
        case oauth2
    }

    init(_ stored: StoredObject) throws(SourceSetupError) {
        func text(_ key: String) throws(SourceSetupError) -> String { try stored.required(key, stored.text(key)) }
        switch try stored.required("type", stored.choice("type", of: Kind.self)) {
        case .apiKey:
            self = .apiKey(
                place: try stored.choice("in", of: KeyPlace.self) ?? .header,
                name: try stored.required("name", stored.text("name", bytesMax: SourceBounds.nameBytes)),
                value: try text("value"))
        case .basic:
            self = .basic(username: try text("username"), password: try stored.text("password") ?? "")
        case .bearer:
            self = .bearer(token: try text("token"))
        case .oauth2:
            self = .clientCredentials(try ClientCredentials(stored))
        }
    }

    /// Nil for none.
    var json: JSONValue? {
        switch self {
        case .none: nil
        case .apiKey(let place, let name, let value):
            [
                "type": .string(Kind.apiKey.rawValue), "in": .string(place.rawValue), "name": .string(name),
                "value": .string(value),
            ]
        case .basic(let username, let password):
            ["type": .string(Kind.basic.rawValue), "username": .string(username), "password": .string(password)]
        case .bearer(let token):
            ["type": .string(Kind.bearer.rawValue), "token": .string(token)]
        case .clientCredentials(let credentials):
            .object(credentials.json)
        }
    }
}

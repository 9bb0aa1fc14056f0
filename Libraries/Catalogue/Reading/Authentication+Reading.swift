import JSON
import Sources
import Templates

extension Authentication {
    /// - Parameter baseURL: nil if the source has none, an inner nil if it has a wrong one.
    init?(reading cursor: DocumentCursor, baseURL: String??) {
        guard let body = cursor.mapping(),
            let kind = body.kind(of: Kind.self, "api_key, basic, bearer or oauth2", keys: Self.keys)
        else { return nil }
        switch kind {
        case .apiKey:
            let place = body["in"]?.choice(of: KeyPlace.self) ?? .header
            let name = body.required("name", "the header field or query parameter that carries the key")?
                .fieldName(in: place)
            let value = body.required("value", "the key, as <<$secret.NAME>>")?.secretText()
            guard let name, let value else { return nil }
            self = .apiKey(place: place, name: name, value: value)
        case .basic:
            guard let username = body.required("username", "who calls, such as <<$secret.NAME>>")?.username() else {
                return nil
            }
            // Some APIs take their key as the username, and no password.
            let isKeyAlone = !PlaceholderText(username).variables.isEmpty && body["password"] == nil
            let password =
                isKeyAlone ? "" : body.required("password", "the password, as <<$secret.NAME>>")?.secretText()
            guard let password else { return nil }
            self = .basic(username: username, password: password)
        case .bearer:
            guard let token = body.required("token", "the token, as <<$secret.NAME>>")?.secretText() else { return nil }
            self = .bearer(token: token)
        case .oauth2:
            guard let credentials = ClientCredentials(reading: body, baseURL: baseURL) else { return nil }
            self = .clientCredentials(credentials)
        }
    }

    private static func keys(of kind: Kind) -> [String] {
        switch kind {
        case .apiKey: ["in", "name", "value"]
        case .basic: ["username", "password"]
        case .bearer: ["token"]
        case .oauth2: ["token_url", "client_id", "client_secret", "scope", "parameters", "client_auth"]
        }
    }

    /// Logs every template that sends by itself what the engine adds to it.
    func refuseDoubles(in templates: CheckedTemplates) {
        for template in templates.all {
            let double: DocumentCursor? =
                switch self {
                case .none: nil
                case .apiKey(.header, let name, _): template.header(name)
                case .apiKey(.query, let name, _): template.queryParameter(name)
                case .basic, .bearer, .clientCredentials: template.header("authorization")
                }
            double?.report(
                .conflict, "auth sends this already, with every request of the source",
                remedy: "take it out of the template, or leave auth out"
            )
        }
    }
}

extension ClientCredentials {
    /// Fields that the request for a token has anyway.
    private static let ownParameters = ["grant_type", "client_id", "client_secret", "scope"]

    fileprivate init?(reading body: MappingCursor, baseURL: String??) {
        let tokenURL = body.required("token_url", "where the authorization server gives tokens")?
            .tokenURL(baseURL: baseURL)
        let clientID = body.required("client_id", "the client's id, such as <<$secret.NAME>>")?.credentialText()
        let clientSecret = body.required("client_secret", "the client's secret, as <<$secret.NAME>>")?.secretText()
        let scope = body["scope"]?.credentialText()
        let clientAuthentication = body["client_auth"]?.choice(of: ClientAuthentication.self)
        let parameters = body["parameters"].map(Self.parameters(reading:))
        guard let tokenURL, let clientID, let clientSecret else { return nil }
        self.init(
            tokenURL: tokenURL, clientID: clientID, clientSecret: clientSecret, scope: scope,
            parameters: parameters ?? [], clientAuthentication: clientAuthentication ?? .basic)
    }

    private static func parameters(reading cursor: DocumentCursor) -> [Parameter] {
        guard let body = cursor.mapping() else { return [] }
        guard SourceBounds.tokenParameters.contains(body.entries.count) else {
            cursor.report(
                .outOfBounds, "there are \(body.entries.count) parameters",
                remedy: "write at most \(SourceBounds.tokenParameters.upperBound)")
            return []
        }
        return body.entries.compactMap { entry in
            guard !ownParameters.contains(entry.key) else {
                body.report(
                    .conflict, at: entry, "\(entry.key) is sent anyway",
                    remedy: "leave it out; client_id, client_secret and scope stand beside parameters")
                return nil
            }
            guard !entry.key.isEmpty, entry.key.utf8.count <= SourceBounds.nameBytes else {
                body.report(
                    .invalidName, at: entry, "this is no name of a form field",
                    remedy: "write 1 to \(SourceBounds.nameBytes) bytes")
                return nil
            }
            return body.value(of: entry).credentialText().map { Parameter(name: entry.key, value: $0) }
        }
    }
}

extension DocumentCursor {
    /// A username, which HTTP Basic ends at the first colon.
    fileprivate func username() -> String? {
        guard let text = credentialText() else { return nil }
        guard !PlaceholderText(text).render({ _ in "" }).text.contains(":") else {
            report(.wrongType, "a username has no colon", remedy: "write the part behind it as the password")
            return nil
        }
        return text
    }

    /// An absolute address, or one that begins with `/` and stands behind the source's base.
    fileprivate func tokenURL(baseURL: String??) -> String? {
        guard case .scalar(let text, _) = node.content, text.hasPrefix("/") else { return absoluteURL() }
        guard let baseURL else {
            report(.invalidURL, "the path has nothing to stand behind", remedy: "add base_url to the source")
            return nil
        }
        guard !text.contains("<<$") else {
            report(.invalidURL, "this URL cannot have placeholders", remedy: "write it in full")
            return nil
        }
        guard let baseURL, checkURL(baseURL + text) else { return nil }
        return baseURL + text
    }
}

import JSON

extension ClientCredentials {
    init(_ stored: StoredObject) throws(SourceSetupError) {
        func text(_ key: String) throws(SourceSetupError) -> String { try stored.required(key, stored.text(key)) }
        self.init(
            tokenURL: try text("token_url"), clientID: try text("client_id"), clientSecret: try text("client_secret"),
            scope: try stored.text("scope"), parameters: try Self.parameters(of: stored),
            clientAuthentication: try stored.choice("client_auth", of: ClientAuthentication.self) ?? .basic)
    }

    // A list of pairs: the database keeps the order of a list, not that of an object's members.
    private static func parameters(of stored: StoredObject) throws(SourceSetupError) -> [Parameter] {
        let list = try stored.list("parameters", count: SourceBounds.tokenParameters) ?? []
        let place = stored.path.key("parameters")
        var parameters: [Parameter] = []
        for (index, element) in list.enumerated() {
            let pair = try StoredObject(element, at: place.index(index))
            parameters.append(
                Parameter(
                    name: try pair.required("name", pair.text("name", bytesMax: SourceBounds.nameBytes)),
                    value: try pair.required("value", pair.text("value"))))
        }
        return parameters
    }

    var json: JSONObject {
        var json: JSONObject = [
            "type": .string(Authentication.Kind.oauth2.rawValue), "token_url": .string(tokenURL),
            "client_id": .string(clientID), "client_secret": .string(clientSecret),
            "client_auth": .string(clientAuthentication.rawValue),
        ]
        json["scope"] = scope.map { .string($0) }
        if !parameters.isEmpty {
            json["parameters"] = .array(parameters.map { ["name": .string($0.name), "value": .string($0.value)] })
        }
        return json
    }
}

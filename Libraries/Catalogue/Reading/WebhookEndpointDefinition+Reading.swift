import Contracts
import JSON
import Sources

extension WebhookEndpointDefinition {
    /// How many headers an endpoint can ask for.
    static let headersMax = 16

    init?(key: String, reading cursor: DocumentCursor, scope: OrganizationScope) {
        guard let body = cursor.mapping() else { return nil }
        body.refuseUnknownKeys(known: ["url", "secret", "event_types", "headers", "rate", "ordered"])
        let url = body.required("url", "where events are posted")?.absoluteURL()
        let secret = body["secret"].map { $0.secretName() }
        let eventTypes = body["event_types"].map { $0.eventTypes() }
        let headers = body["headers"].map { $0.headers() } ?? JSONObject()
        let rate = body["rate"].map { $0.callRate() }
        let isOrdered = body["ordered"].map { $0.truth() } ?? false
        // What was given and is wrong has been logged.
        if case .some(.none) = secret { return nil }
        if case .some(.none) = eventTypes { return nil }
        if case .some(.none) = rate { return nil }
        guard let url, let headers, let isOrdered else { return nil }
        self.init(
            key: key, url: url, secretName: secret ?? nil, eventTypes: eventTypes ?? nil, headers: headers,
            rate: rate ?? nil, isOrdered: isOrdered)
    }
}

extension DocumentCursor {
    /// The name in `<<$secret.NAME>>`. The message never repeats what stands there instead: it may be the secret.
    fileprivate func secretName() -> String? {
        let remedy = CatalogueVariable.secretRemedy + ", or leave the key out: 'weir webhook secret create' makes one"
        guard case .scalar(let text, _) = node.content else {
            report(.wrongType, "the name of a secret is needed, not \(node.kindName)", remedy: remedy)
            return nil
        }
        if let name = CatalogueVariable.secretReference(in: text) { return name }
        let isMisnamed = text.hasPrefix("<<$")
        report(
            .literalSecret, isMisnamed ? "this names no secret" : "a secret itself may not stand in a catalogue",
            remedy: remedy
        )
        return nil
    }

    /// A list of events, each once.
    fileprivate func eventTypes() -> [String]? {
        guard let elements = list() else { return nil }
        var types: [String] = []
        for element in elements {
            guard let type = element.text() else { continue }
            if !WebhookEvent.selectable.contains(type) {
                element.report(
                    .unknownValue, "there is no event \(type)",
                    remedy: Spelling.suggestion(for: type, among: WebhookEvent.selectable))
            } else if types.contains(type) {
                element.report(.conflict, "\(type) stands twice in this list", remedy: "keep one of the two")
            } else {
                types.append(type)
            }
        }
        return types.count == elements.count ? types : nil
    }

    /// Header fields that deliveries carry besides those of Standard Webhooks.
    fileprivate func headers() -> JSONObject? {
        guard let body = mapping() else { return nil }
        guard body.entries.count <= WebhookEndpointDefinition.headersMax else {
            report(
                .outOfBounds, "there are \(body.entries.count) headers",
                remedy: "write at most \(WebhookEndpointDefinition.headersMax)")
            return nil
        }
        var headers = JSONObject()
        for entry in body.entries {
            guard let name = body.headerName(entry) else { continue }
            guard headers[name] == nil else {
                body.report(.conflict, at: entry, "\(name) stands twice", remedy: "keep one of the two")
                continue
            }
            let value = body.value(of: entry)
            headers[name] = (HeaderRules.isCredential(name) ? value.secretText() : value.credentialText())
                .map { .string($0) }
        }
        return headers.count == body.entries.count ? headers : nil
    }
}

extension MappingCursor {
    /// The name of a header field in small letters, if a delivery can carry it.
    fileprivate func headerName(_ entry: DocumentEntry) -> String? {
        let name = entry.key.lowercased()
        if HeaderRules.isReserved(name) {
            report(.invalidName, at: entry, "Weir sets the header \(name) itself", remedy: "leave it out")
            return nil
        }
        if let problem = DocumentCursor.problem(withFieldName: entry.key, in: .header) {
            report(.invalidName, at: entry, problem, remedy: "write the name of a header field, such as x-tenant")
            return nil
        }
        return name
    }
}

/// What is special about header fields of deliveries.
private enum HeaderRules {
    /// Whether deliveries have a field of this name already, or it says something about the body, which is not the endpoint's to say.
    static func isReserved(_ name: String) -> Bool {
        name.hasPrefix("webhook-") || name.hasPrefix("content-")
            || ["traceparent", "tracestate", "user-agent", "accept", "accept-encoding", "expect", "host"].contains(name)
    }

    /// Whether the value of a field of this name is a secret in whatever form, so that it has to come from elsewhere.
    static func isCredential(_ name: String) -> Bool {
        ["authorization", "proxy-authorization", "cookie", "x-api-key"].contains(name)
    }
}

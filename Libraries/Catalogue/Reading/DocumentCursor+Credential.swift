import JSON
import Sources
import Templates

/// Texts of credentials. Nothing but secrets is variable in them, and messages about them never repeat what stands there.
extension DocumentCursor {
    /// A text that is no secret by itself (a username, an id, a scope); it may hold secrets.
    func credentialText() -> String? {
        guard let text = text(lengthMax: SourceBounds.textBytes) else { return nil }
        return checkCredential(text) ? text : nil
    }

    /// A text that is secret, so that its value has to come from elsewhere: it holds a `<<$secret.NAME>>`.
    func secretText() -> String? {
        guard case .scalar(let text, _) = node.content else {
            report(
                .wrongType, "the name of a secret is needed, not \(node.kindName)",
                remedy: CatalogueVariable.secretRemedy)
            return nil
        }
        guard !PlaceholderText(text).variables.isEmpty else {
            report(
                .literalSecret,
                text.contains("<<$") ? "this names no secret" : "a secret itself may not stand in a catalogue",
                remedy: CatalogueVariable.secretRemedy)
            return nil
        }
        guard text.utf8.count <= SourceBounds.textBytes else {
            report(.outOfBounds, "the text is too long", remedy: "write at most \(SourceBounds.textBytes) bytes")
            return nil
        }
        return checkCredential(text) ? text : nil
    }

    /// The name of a header field or query parameter that a request can carry.
    func fieldName(in place: Authentication.KeyPlace) -> String? {
        guard let name = text(lengthMax: SourceBounds.nameBytes) else { return nil }
        guard let problem = Self.problem(withFieldName: name, in: place) else { return name }
        let example = place == .header ? "a header field, such as x-api-key" : "a query parameter, such as api_key"
        report(.invalidName, problem, remedy: "write the name of \(example)")
        return nil
    }

    /// What is wrong with the name of a header field or query parameter; nil if a request can carry it.
    static func problem(withFieldName name: String, in place: Authentication.KeyPlace) -> String? {
        guard name.utf8.count <= SourceBounds.nameBytes else {
            return "the name has more than \(SourceBounds.nameBytes) bytes"
        }
        do {
            // Templates know what such a name can be.
            _ = try RequestTemplate(
                parsing: ["url": "http://localhost/", place == .header ? "headers" : "query": [name: ""]])
            return nil
        } catch {
            return error.reason
        }
    }

    private func checkCredential(_ text: String) -> Bool {
        let variables = PlaceholderText(text).variables
        for variable in variables where CatalogueVariable.secretName(of: variable) == nil {
            report(
                .unknownVariable, "<<$\(variable)>> is no secret, and nothing else is variable in credentials",
                remedy: CatalogueVariable.secretRemedy)
            return false
        }
        // Only the bare placeholder: what else could stand in it, such as a default, would be the secret itself.
        let literal = variables.reduce(text) { $0.replacing("<<$\($1)>>", with: "") }
        guard !literal.contains("<<$") else {
            report(.unknownVariable, "this is not the name of a secret alone", remedy: CatalogueVariable.secretRemedy)
            return false
        }
        guard !literal.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) else {
            report(
                .wrongType, "the text holds a line break or another control character",
                remedy: "remove it: a request cannot carry one there")
            return false
        }
        return true
    }
}

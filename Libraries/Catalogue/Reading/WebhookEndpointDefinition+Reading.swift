extension WebhookEndpointDefinition {
    init?(key: String, reading cursor: DocumentCursor, scope: OrganizationScope) {
        guard let body = cursor.mapping() else { return nil }
        body.refuseUnknownKeys(known: ["url", "secret"])
        let url = body.required("url", "where results are posted")?.absoluteURL()
        let secret = body.required("secret", "the name of the signing secret, <<$secret.NAME>>")?.secretName()
        guard let url, let secret else { return nil }
        self.init(key: key, url: url, secretName: secret)
    }
}

extension DocumentCursor {
    /// The name in `<<$secret.NAME>>`. The message never repeats what stands there instead: it may be the secret.
    fileprivate func secretName() -> String? {
        let remedy = CatalogueVariable.secretRemedy
        guard case .scalar(let text, _) = node.content else {
            report(.wrongType, "the name of a secret is needed, not \(node.kindName)", remedy: remedy)
            return nil
        }
        if let name = CatalogueVariable.secretReference(in: text) { return name }
        if reportFilteredSecret(in: text) { return nil }
        let isMisnamed = text.hasPrefix("<<$")
        report(
            .literalSecret, isMisnamed ? "this names no secret" : "a secret itself may not stand in a catalogue",
            remedy: remedy
        )
        return nil
    }
}

import JSON
import Templates

/// The HTTP request of a source.
extension DocumentCursor {
    /// An absolute URL that paths can be appended to; the slash at its end goes.
    func baseURL() -> String? {
        guard var url = absoluteURL() else { return nil }
        guard !url.contains("?") else {
            report(.invalidURL, "a base URL has no query", remedy: "put it into the template's query")
            return nil
        }
        while url.hasSuffix("/") { url.removeLast() }
        return url
    }

    /// The request as JSON, with its method and an absolute `url`, checked as `RequestTemplate` will read it.
    ///
    /// - Parameters:
    ///   - baseURL: nil if the source has none, an inner nil if it has a wrong one.
    ///   - variables: what the template may name besides secrets.
    func requestTemplate(baseURL: String??, variables: TemplateVariables) -> CheckedTemplate? {
        guard let body = mapping() else { return nil }
        body.refuseUnknownKeys(known: ["method", "url", "headers", "query", "body"])
        let url = body.required("url", "the address, such as /companies/<<$object>>")?.templateURL(baseURL: baseURL)
        guard let url, case .object(var template)? = json() else { return nil }
        // An empty key says nothing, here as everywhere.
        for entry in body.entries where entry.isEmpty { template[entry.key] = nil }
        let hasBody = template["body"] != nil
        if template["method"] == nil { template["method"] = hasBody ? "POST" : "GET" }
        template["url"] = .string(url)
        if hasBody, template["method"] == "GET" {
            body["body"]?.report(.conflict, "a GET request has no body", remedy: "use POST, or query")
        }
        return check(.object(template), variables: variables).map {
            CheckedTemplate(json: .object(template), variables: $0, cursor: self)
        }
    }

    private func templateURL(baseURL: String??) -> String? {
        guard let text = text(lengthMax: 4096) else { return nil }
        var url = text
        if text.hasPrefix("/") {
            guard let baseURL else {
                report(.invalidURL, "the path has nothing to stand behind", remedy: "add base_url to the source")
                return nil
            }
            guard let baseURL else { return nil }  // its problem has been logged
            url = baseURL + text
        }
        // A word in place of each placeholder, as its encoded value will be.
        return checkURL(PlaceholderText(url).filled(with: "x")) ? url : nil
    }

    /// Reads the template as services will, and logs what they would stumble over, at the node where it stands. Its variables, or nil
    /// after a problem.
    private func check(_ template: JSONValue, variables: TemplateVariables) -> Set<String>? {
        do {
            let compiled = try RequestTemplate(parsing: template)
            let unknown = compiled.validate(known: variables.contains)
            for variable in unknown {
                cursor(at: variable.path).report(
                    .unknownVariable, "nothing fills in <<$\(variable.name)>>",
                    remedy: variables.remedy(for: variable.name)
                )
            }
            return unknown.isEmpty ? compiled.variables : nil
        } catch {
            let remedy =
                error.unknownFilter.map { Spelling.suggestion(for: $0, among: TemplateError.knownFilters) }
                ?? "correct it; docs/catalogue.md describes request templates"
            cursor(at: error.path).report(.invalidTemplate, error.reason, remedy: remedy)
            return nil
        }
    }

    /// The cursor below this one that a path of `JSONPathText` means; this one if there is none.
    private func cursor(at path: String) -> DocumentCursor {
        find(path, at: JSONPathText()) ?? self
    }

    private func find(_ path: String, at place: JSONPathText) -> DocumentCursor? {
        if place.text == path { return self }
        guard path.hasPrefix(place.text) else { return nil }
        switch node.content {
        case .scalar: return nil
        case .sequence:
            return (list() ?? []).enumerated().lazy
                .compactMap { $1.find(path, at: place.index($0)) }.first
        case .mapping:
            guard let mapping = mapping() else { return nil }
            return mapping.entries.lazy
                .compactMap { mapping.value(of: $0).find(path, at: place.key($0.key)) }.first
        }
    }
}

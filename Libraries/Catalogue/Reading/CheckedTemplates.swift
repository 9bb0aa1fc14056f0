import Sources

/// The request templates of one source, as far as they could be read.
struct CheckedTemplates {
    private let read: [TemplateKind: CheckedTemplate]

    /// Reads all of them; the first is required.
    ///
    /// - Parameters:
    ///   - body: the source's mapping.
    ///   - baseURL: nil if the source has none, an inner nil if it has a wrong one.
    ///   - names: what every template of the source can name.
    ///   - hasJob: whether the source answers later.
    ///   - placesCursor: whether the template whose answer is paged can place page, offset or cursor itself.
    init(reading body: MappingCursor, baseURL: String??, names: [String], hasJob: Bool, placesCursor: Bool) {
        var read: [TemplateKind: CheckedTemplate] = [:]
        for kind in TemplateKind.allCases {
            let cursor =
                kind == .run
                ? body.required(kind.key, "the HTTP request: method, url, headers, query, body") : body[kind.key]
            let variables = names + kind.variables(hasJob: hasJob, placesCursor: placesCursor)
            read[kind] = cursor?.requestTemplate(baseURL: baseURL, variables: TemplateVariables(names: variables))
        }
        self.read = read
    }

    subscript(kind: TemplateKind) -> CheckedTemplate? { read[kind] }

    /// In the order of the steps.
    var all: [CheckedTemplate] { TemplateKind.allCases.compactMap { read[$0] } }

    /// The definition's form; nil if the one that is required could not be read.
    var definition: SourceTemplates? {
        guard let run = read[.run] else { return nil }
        return SourceTemplates(
            run: run.json, status: read[.status]?.json, delivery: read[.delivery]?.json, abort: read[.abort]?.json,
            cleanup: read[.cleanup]?.json, lookup: read[.lookup]?.json)
    }
}

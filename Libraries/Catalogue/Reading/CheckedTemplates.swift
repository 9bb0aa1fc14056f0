import Sources

/// The request templates of one source, as far as they could be read.
struct CheckedTemplates {
    private let read: [SourceStep: CheckedTemplate]

    /// Reads all of them; the first is required.
    ///
    /// - Parameters:
    ///   - body: the source's mapping.
    ///   - baseURL: nil if the source has none, an inner nil if it has a wrong one.
    ///   - names: what every template of the source can name.
    ///   - hasJob: whether the source answers later.
    ///   - placesCursor: whether the template whose answer is paged can place page, offset or cursor itself.
    init(reading body: MappingCursor, baseURL: String??, names: [String], hasJob: Bool, placesCursor: Bool) {
        var read: [SourceStep: CheckedTemplate] = [:]
        for step in SourceStep.allCases {
            let cursor =
                step == .run
                ? body.required(step.key, "the HTTP request: method, url, headers, query, body") : body[step.key]
            let variables = names + step.variables(hasJob: hasJob, placesCursor: placesCursor)
            read[step] = cursor?.requestTemplate(baseURL: baseURL, variables: TemplateVariables(names: variables))
        }
        self.read = read
    }

    subscript(step: SourceStep) -> CheckedTemplate? { read[step] }

    /// In the order of the steps.
    var all: [CheckedTemplate] { SourceStep.allCases.compactMap { read[$0] } }

    /// The definition's form; nil if the one that is required could not be read.
    var definition: SourceTemplates? {
        read[.run] == nil ? nil : SourceTemplates(read.mapValues(\.json))
    }
}

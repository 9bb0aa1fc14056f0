/// What an organization's part of the file declares, by name: what the rest of it may refer to.
///
/// Collected before anything is checked, so that a mistake inside a source does not make every mention of that source
/// a second mistake.
struct OrganizationScope {
    /// The datapoints of each object type.
    let datapoints: [String: [String]]
    /// The object types in the order of the file.
    let objectTypes: [String]
    let sources: [String]
    let webhookEndpoints: [String]
    /// The object types of which each source maps a datapoint.
    let typesMapped: [String: [String]]
    /// The input fields of the activities that ask each source: variables of its templates.
    let inputs: [String: [String]]
    /// The limits that sources can share; they stand at the top of the file.
    let rateGroups: [String]

    init(_ organization: MappingCursor, rateGroups: [String]) {
        self.rateGroups = rateGroups
        func names(_ section: String) -> [String] { organization.peek(section)?.entries.map(\.key) ?? [] }
        objectTypes = names("object_types")
        sources = names("sources")
        webhookEndpoints = names("webhook_endpoints")
        var datapoints: [String: [String]] = [:]
        for entry in organization.peek("object_types")?.entries ?? [] {
            guard let type = organization.peek("object_types")?.peek(entry.key) else { continue }
            datapoints[entry.key] = type.peek("datapoints")?.entries.map(\.key) ?? []
        }
        self.datapoints = datapoints
        var typesMapped: [String: [String]] = [:]
        for source in sources {
            let mappings = organization.peek("sources")?.peek(source)?.peek("datapoint_source")
            typesMapped[source] = mappings?.entries.map(\.key) ?? []
        }
        self.typesMapped = typesMapped
        var inputs: [String: [String]] = [:]
        for activity in names("activities").compactMap({ organization.peek("activities")?.peek($0) }) {
            guard let fields = activity.peek("input")?.entries.map(\.key), let list = activity["sources"] else {
                continue
            }
            for source in list.peekTexts() {
                inputs[source, default: []] += fields.filter { inputs[source]?.contains($0) != true }
            }
        }
        self.inputs = inputs
    }

    /// What every template of a source can name.
    func variables(ofSource source: String) -> [String] {
        CatalogueVariable.everywhere + datapoints.values.flatMap { $0 }.sorted() + (inputs[source] ?? [])
    }
}

extension MappingCursor {
    /// The mapping below a key, or nil; logs nothing.
    fileprivate func peek(_ key: String) -> MappingCursor? {
        guard let value = self[key], case .mapping(let entries) = value.node.content else { return nil }
        return MappingCursor(entries: entries, cursor: value)
    }
}

extension DocumentCursor {
    /// The texts of a list; logs nothing.
    fileprivate func peekTexts() -> [String] {
        guard case .sequence(let elements) = node.content else { return [] }
        return elements.compactMap { if case .scalar(let text, _) = $0.content { text } else { nil } }
    }

    /// A name that must be one of those that the file declares.
    func reference(to kind: String, among declared: [String]) -> String? {
        guard let name = text() else { return nil }
        guard declared.contains(name) else {
            report(
                .missingReference, "the file declares no \(kind) \(name)",
                remedy: Spelling.suggestion(for: name, among: declared)
            )
            return nil
        }
        return name
    }

    /// A list of names that must be declared and differ.
    func references(to kind: String, among declared: [String]) -> [String]? {
        guard let elements = list() else { return nil }
        var names: [String] = []
        for element in elements {
            guard let name = element.reference(to: kind, among: declared) else { continue }
            if names.contains(name) {
                element.report(.conflict, "\(name) stands twice in this list", remedy: "keep one of the two")
            } else {
                names.append(name)
            }
        }
        return names.count == elements.count ? names : nil
    }
}

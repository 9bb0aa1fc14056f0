extension CatalogueDefinition {
    private static let sections = [
        "object_types", "sources", "webhook_endpoints", "factors", "activities", "workflows",
    ]

    /// Reads and checks a catalogue file; `docs/catalogue.md` describes it.
    ///
    /// - Parameters:
    ///   - text: YAML.
    ///   - overrides: values that replace those of the file, in order, before anything is checked.
    ///   - limits: the bounds of the text.
    ///   - activityIDs: by the key of the organization, the key of each activity by its id in the database, as far as they are
    ///     known: a workflow may name an activity by its id.
    /// - Throws: ``CatalogueError`` with every problem that was found. Text that is not YAML, or that hits a bound, is one
    ///   problem alone, since nothing behind it can be judged.
    public init(
        parsing text: String,
        overrides: [CatalogueOverride] = [],
        limits: CatalogueLimits = CatalogueLimits(),
        activityIDs: [String: [String: String]] = [:]
    ) throws(CatalogueError) {
        let log = ProblemLog(problemsMax: limits.problemsMax)
        var organizations: [OrganizationDefinition] = []
        var rateGroups: [RateGroupDefinition] = []
        do {
            var reader = DocumentReader(limits: limits)
            var document = try reader.read(text)
            for override in overrides {
                do { try override.apply(to: &document) } catch { log.add(error.problem) }
            }
            if let root = DocumentCursor(node: document, path: "", log: log).mapping() {
                let groups = root["rate_groups"]?.mapping()?.named() ?? []
                rateGroups = groups.compactMap { RateGroupDefinition(key: $0.key, reading: $0.value) }
                organizations = Self.organizations(
                    of: root, known: KnownNames(rateGroups: groups.map(\.key), activityIDs: activityIDs))
            }
        } catch {
            log.add(error.problem)
        }
        if let error = log.error { throw error }
        self.rateGroups = rateGroups
        self.organizations = organizations
    }

    private static func organizations(of root: MappingCursor, known: KnownNames) -> [OrganizationDefinition] {
        root.refuseUnknownKeys(known: ["organization", "organizations", "rate_groups"] + sections)
        guard let many = root["organizations"] else {
            guard let one = root.required("organization", "the key of the organization that all of this belongs to")
            else { return [] }
            return organization(one, root: root, known: known).map { [$0] } ?? []
        }
        for section in ["organization"] + sections where root[section] != nil {
            root[section]?.report(
                .conflict, "\(section) stands beside organizations", remedy: "move it below one of the organizations"
            )
        }
        return (many.mapping()?.named() ?? []).compactMap { key, value in
            guard let body = value.mapping() else { return nil }
            body.refuseUnknownKeys(known: ["name"] + sections)
            return OrganizationDefinition(key: key, name: body.name(orKey: key), body: body, known: known)
        }
    }

    /// The short form: `organization: demo` or `organization: { key: demo, name: Demo }` beside the sections.
    private static func organization(
        _ value: DocumentCursor, root: MappingCursor, known: KnownNames
    ) -> OrganizationDefinition? {
        guard case .mapping = value.node.content else {
            guard let key = value.name() else { return nil }
            return OrganizationDefinition(key: key, name: key, body: root, known: known)
        }
        guard let header = value.mapping() else { return nil }
        header.refuseUnknownKeys(known: ["key", "name"])
        guard let key = header.required("key", "the organization's key, such as demo")?.name() else { return nil }
        return OrganizationDefinition(key: key, name: header.name(orKey: key), body: root, known: known)
    }
}

/// What an organization's part of the file may name besides what stands in it.
private struct KnownNames {
    /// The limits that the file declares.
    let rateGroups: [String]
    /// By the key of the organization, the key of each activity by its id.
    let activityIDs: [String: [String: String]]
}

extension OrganizationDefinition {
    /// - Parameter body: the mapping that holds the organization's sections.
    fileprivate init(key: String, name: String, body: MappingCursor, known: KnownNames) {
        let scope = OrganizationScope(
            body, rateGroups: known.rateGroups, activityIDs: known.activityIDs[key] ?? [:])
        func read<Definition>(
            _ section: String, _ make: (String, DocumentCursor, OrganizationScope) -> Definition?
        ) -> [Definition] {
            (body[section]?.mapping()?.named() ?? []).compactMap { make($0.key, $0.value, scope) }
        }
        self.init(
            key: key,
            name: name,
            objectTypes: read("object_types", ObjectTypeDefinition.init(key:reading:scope:)),
            sources: read("sources", SourceDefinition.init(key:reading:scope:)),
            webhookEndpoints: read("webhook_endpoints", WebhookEndpointDefinition.init(key:reading:scope:)),
            factors: read("factors", FactorDefinition.init(key:reading:scope:)),
            activities: read("activities", ActivityDefinition.init(key:reading:scope:)),
            workflows: read("workflows", WorkflowDefinition.init(key:reading:scope:))
        )
    }
}

extension DocumentCursor {
    /// A text that is a name.
    fileprivate func name() -> String? {
        guard let text = text() else { return nil }
        guard CatalogueName.isValid(text) else {
            report(.invalidName, "\(text.debugDescription) is not a name", remedy: CatalogueName.rule)
            return nil
        }
        return text
    }
}

extension MappingCursor {
    /// The name that people read; the key serves where there is none.
    func name(orKey key: String) -> String {
        self["name"]?.text(lengthMax: 200) ?? key
    }
}

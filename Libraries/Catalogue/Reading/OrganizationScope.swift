import Contracts
import Sources
import Templates
import Workflows

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
    /// The names that people read, of each object type and of its datapoints, where there are any.
    let objectTypeNames: [String: String]
    let datapointNames: [String: [String: String]]
    /// The types of the datapoints of each object type, as they are written.
    let dataTypes: [String: [String: String]]
    /// The object type of each factor, nil where it is missing.
    let factors: [String: String?]
    /// Of each source, the input fields of the activities that ask it: variables of its templates.
    let inputs: [String: [String]]
    /// Of each source, the variables of its templates that have no default, without its secrets.
    let variables: [String: [String]]
    /// The object types of which each source maps a datapoint.
    let typesMapped: [String: [String]]
    /// The object types of which an answer of each source names its objects.
    let typesFound: [String: [String]]
    /// The limits that sources can share; they stand at the top of the file.
    let rateGroups: [String]
    /// The activities by their keys, and by their ids as far as those are known.
    let activities: [String: WorkflowActivity]

    /// - Parameters:
    ///   - organization: the mapping that holds the organization's sections.
    ///   - rateGroups: the limits that the file declares.
    ///   - activityIDs: the key of each activity by its id.
    init(_ organization: MappingCursor, rateGroups: [String], activityIDs: [String: String]) {
        self.rateGroups = rateGroups
        func names(_ section: String) -> [String] { organization.peek(section)?.entries.map(\.key) ?? [] }
        objectTypes = names("object_types")
        sources = names("sources")
        webhookEndpoints = names("webhook_endpoints")
        var datapoints: [String: [String]] = [:]
        var objectTypeNames: [String: String] = [:]
        var datapointNames: [String: [String: String]] = [:]
        var dataTypes: [String: [String: String]] = [:]
        for entry in organization.peek("object_types")?.entries ?? [] {
            guard let type = organization.peek("object_types")?.peek(entry.key) else { continue }
            objectTypeNames[entry.key] = type.word("name")
            let known = type.peek("datapoints")
            datapoints[entry.key] = known?.entries.map(\.key) ?? []
            for datapoint in known?.entries ?? [] {
                let body = known?.peek(datapoint.key)
                datapointNames[entry.key, default: [:]][datapoint.key] = body?.word("name")
                dataTypes[entry.key, default: [:]][datapoint.key] = body?.word("type") ?? known?.word(datapoint.key)
            }
        }
        self.datapoints = datapoints
        self.objectTypeNames = objectTypeNames
        self.datapointNames = datapointNames
        self.dataTypes = dataTypes
        let factors = organization.peek("factors")
        self.factors = Dictionary(
            (factors?.entries ?? []).map { ($0.key, factors?.peek($0.key)?.word("object_type")) },
            uniquingKeysWith: { first, _ in first })
        var inputs: [String: [String]] = [:]
        var activities: [String: WorkflowActivity] = [:]
        for entry in organization.peek("activities")?.entries ?? [] {
            let activity = organization.peek("activities")?.peek(entry.key)
            activities[entry.key] = WorkflowActivity(
                key: entry.key, type: activity?.word("type").flatMap(ActivityType.init(rawValue:)),
                objectType: activity?.word("object_type"), input: ActivityInput(activity?.inputFields ?? []))
            guard let activity else { continue }
            let fields = activity.peek("input")?.entries.map(\.key) ?? []
            for source in activity.words("sources") {
                inputs[source, default: []] += fields.filter { inputs[source]?.contains($0) != true }
            }
        }
        self.inputs = inputs
        for (id, key) in activityIDs { activities[id] = activities[key] }
        self.activities = activities
        var variables: [String: [String]] = [:]
        for source in sources {
            let body = organization.peek("sources")?.peek(source)
            let templates = SourceStep.allCases.compactMap { body?[$0.key] }
            variables[source] = Set(templates.flatMap(\.node.requiredVariables)).sorted()
        }
        self.variables = variables
        var typesMapped: [String: [String]] = [:]
        var typesFound: [String: [String]] = [:]
        for source in sources {
            let body = organization.peek("sources")?.peek(source)
            typesMapped[source] = body?.peek("datapoint_source")?.entries.map(\.key) ?? []
            typesFound[source] = body?.peek("object_source")?.entries.map(\.key) ?? []
        }
        self.typesMapped = typesMapped
        self.typesFound = typesFound
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

    /// The text of a key, or nil; logs nothing.
    fileprivate func word(_ key: String) -> String? { self[key]?.node.scalarText }

    /// The fields of an activity's input by name and type alone, without those whose type cannot be read; logs nothing.
    fileprivate var inputFields: [ActivityInput.Field] {
        let input = peek("input")
        return (input?.entries ?? []).compactMap { entry in
            let type = input?.peek(entry.key)?.word("type") ?? input?.word(entry.key)
            return type.flatMap(ActivityInput.FieldType.init(rawValue:)).map {
                ActivityInput.Field(name: entry.key, type: $0)
            }
        }
    }

    /// The texts of a list, without what else stands there; logs nothing.
    fileprivate func words(_ key: String) -> [String] {
        guard case .sequence(let elements)? = self[key]?.node.content else { return [] }
        return elements.compactMap(\.scalarText)
    }
}

extension DocumentCursor {
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

extension DocumentNode {
    fileprivate var scalarText: String? {
        if case .scalar(let text, _) = content { text } else { nil }
    }

    /// The variables in all texts below this node that have no default, without secrets.
    fileprivate var requiredVariables: [String] {
        switch content {
        case .scalar(let text, _):
            PlaceholderText(text).requiredVariables.filter { !$0.hasPrefix(TemplateVariable.secretPrefix) }
        case .sequence(let elements): elements.flatMap(\.requiredVariables)
        case .mapping(let entries): entries.flatMap(\.value.requiredVariables)
        }
    }
}

import Catalogue
import Contracts
import JSON
import Mapping
import Sources

/// A source as it is tried out: what a catalogue says about it, whether that stands in a file or in the database.
struct TrialSource: Sendable {
    /// How its answers are mapped to objects of one type.
    struct TypeMapping: Sendable {
        let objectType: String
        let plan: MappingPlan
    }

    /// What asks it.
    struct Activity: Sendable {
        let key: String
        let input: ActivityInput
        let setup: JSONValue
    }

    let organization: String
    let key: String
    let setup: SourceSetup
    let templates: SourceTemplates
    let maxObjects: Int
    /// By the key of the object type.
    let mappings: [TypeMapping]
    /// By their keys.
    let activities: [Activity]

    /// Reads the source of an organization.
    ///
    /// - Parameter items: everything that is declared for the organization.
    init(_ key: String, of organization: String, items: [CatalogueItem]) throws {
        guard
            let fields = items.first(where: { $0.identity.kind == .source && $0.identity.key == [organization, key] })?
                .fields
        else { throw CommandError("There is no source '\(key)' in \(organization)") }
        self.organization = organization
        self.key = key
        var templates: [SourceStep: JSONValue] = [:]
        for step in SourceStep.allCases { templates[step] = fields[step.key].flatMap { $0.isNull ? nil : $0 } }
        self.templates = SourceTemplates(templates)
        setup = try SourceSetup(fields["setup"] ?? [:])
        maxObjects = fields["max_objects"]?.intValue ?? 1
        mappings = try Self.mappings(key, of: organization, items)
        let asking = Set(
            items.filter { $0.identity.kind == .activitySource && $0.identity.key.last == key }.map {
                Array($0.identity.key.prefix(2))
            })
        activities = items.filter { $0.identity.kind == .activity && asking.contains($0.identity.key) }
            .map { item in
                Activity(
                    key: item.identity.key[1], input: ActivityInput(item.fields["input"] ?? [:]),
                    setup: item.fields["setup"] ?? [:])
            }
            .sorted { $0.key < $1.key }
    }

    private static func mappings(
        _ key: String, of organization: String, _ items: [CatalogueItem]
    ) throws -> [TypeMapping] {
        let own = items.filter { $0.identity.key.starts(with: [organization, key]) }
        let objects = own.filter { $0.identity.kind == .objectSource }
        let datapoints = own.filter { $0.identity.kind == .datapointSource }.sorted { $0.identity < $1.identity }
        let declared = Dictionary(
            items.filter { $0.identity.kind == .datapoint }.map { ($0.identity.key, $0.fields) },
            uniquingKeysWith: { first, _ in first })
        return try Set((objects + datapoints).map { $0.identity.key[2] }).sorted().map { type in
            let object = objects.first { $0.identity.key[2] == type }?.fields
            let plan = MappingPlan(
                objects: try object?["key_mapping"].map { [try PathPattern(parsing: $0)] } ?? [],
                objectNameKind: object?["key_mapping_type"]?.stringValue.flatMap(ObjectNameKind.init) ?? .key,
                datapoints: try datapoints.filter { $0.identity.key[2] == type }.map { item in
                    let datapoint = declared[[organization, type, item.identity.key[3]]]
                    let kind = datapoint?["data_type"]?.stringValue.flatMap(DatapointType.init) ?? .text
                    let normalization = datapoint?["normalization"].flatMap { $0.isNull ? nil : $0 }
                    return MappingPlan.Datapoint(
                        key: item.identity.key[3],
                        paths: try (item.fields["key_mapping"]?.arrayValue ?? []).map { try PathPattern(parsing: $0) },
                        type: kind, normalization: try normalization.map { try Normalization(parsing: $0, of: kind) })
                })
            return TypeMapping(objectType: type, plan: plan)
        }
    }

    /// The step whose answer is mapped.
    var mappedStep: SourceStep {
        guard setup.job != nil else { return .run }
        return templates[.delivery] == nil ? .status : .delivery
    }
}

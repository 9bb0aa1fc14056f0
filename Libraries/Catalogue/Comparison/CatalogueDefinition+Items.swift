import Contracts
import Factors
import JSON
import Mapping
import Sources
import Workflows

extension CatalogueDefinition {
    /// Everything declared as a flat list, in the order in which it can be written.
    public var items: [CatalogueItem] {
        (rateGroups.map(\.item) + organizations.flatMap(\.items)).enumerated()
            .sorted { ($0.element.identity.kind, $0.offset) < ($1.element.identity.kind, $1.offset) }
            .map(\.element)
    }

    /// What the file says that there is not.
    public var removals: [CatalogueItem.Identity] {
        organizations.flatMap { organization in
            organization.sources.flatMap { source in
                source.removedMappings.map { mapping in
                    let key = [organization.key, source.key, mapping.objectType]
                    return CatalogueItem.Identity(
                        kind: mapping.datapoint == nil ? .objectSource : .datapointSource,
                        key: key + (mapping.datapoint.map { [$0] } ?? []))
                }
            }
        }
    }
}

extension RateGroupDefinition {
    fileprivate var item: CatalogueItem {
        CatalogueItem(
            kind: .rateGroup, key: [key],
            fields: [
                "concurrency": concurrency.map { .number(JSONNumber($0)) } ?? .null,
                "rate": rate?.json ?? .null,
            ]
        )
    }
}

extension OrganizationDefinition {
    fileprivate var items: [CatalogueItem] {
        [CatalogueItem(kind: .organization, key: [key], fields: ["name": .string(name)])]
            + objectTypes.flatMap { $0.items(in: key) }
            + sources.flatMap { $0.items(in: key) }
            + webhookEndpoints.map { $0.item(in: key) }
            + factors.map { $0.item(in: key) }
            + activities.flatMap { $0.items(in: key) }
            + workflows.flatMap { $0.items(in: key) }
    }
}

extension ObjectTypeDefinition {
    fileprivate func items(in organization: String) -> [CatalogueItem] {
        [CatalogueItem(kind: .objectType, key: [organization, key], fields: ["name": .string(name)])]
            + datapoints.map { datapoint in
                CatalogueItem(
                    kind: .datapoint, key: [organization, key, datapoint.key],
                    fields: [
                        "name": .string(datapoint.name), "data_type": .string(datapoint.dataType.rawValue),
                        "normalization": datapoint.normalization?.json ?? .null,
                    ]
                )
            }
    }
}

extension SourceDefinition {
    fileprivate func items(in organization: String) -> [CatalogueItem] {
        var fields: JSONObject = [
            "name": .string(name),
            "source_type": "http",
            "base_url": baseURL.map { .string($0) } ?? .null,
            "max_objects": .number(JSONNumber(maxObjects)),
            "setup": setup.json,
        ]
        for step in SourceStep.allCases { fields[step.key] = templates[step] ?? .null }
        let source = CatalogueItem(kind: .source, key: [organization, key], fields: fields)
        let objects = objectMappings.map { mapping in
            CatalogueItem(
                kind: .objectSource, key: [organization, key, mapping.objectType],
                fields: [
                    "key_mapping": mapping.keyMapping.json,
                    "key_mapping_type": .string(mapping.keyMappingType.rawValue),
                ]
            )
        }
        let datapoints = datapointMappings.map { mapping in
            CatalogueItem(
                kind: .datapointSource, key: [organization, key, mapping.objectType, mapping.datapoint],
                fields: ["key_mapping": .array(mapping.keyMappings.map(\.json))]
            )
        }
        return [source] + objects + datapoints
    }
}

extension WebhookEndpointDefinition {
    fileprivate func item(in organization: String) -> CatalogueItem {
        CatalogueItem(
            kind: .webhookEndpoint, key: [organization, key],
            fields: [
                "url": .string(url), "secret_name": secretName.map { .string($0) } ?? .null,
                "event_types": eventTypes.map { .array($0.map { .string($0) }) } ?? .null,
                "headers": .object(headers), "rate": rate?.json ?? .null, "ordered": .bool(isOrdered),
            ]
        )
    }
}

extension FactorDefinition {
    fileprivate func item(in organization: String) -> CatalogueItem {
        CatalogueItem(
            kind: .factor, key: [organization, factor.key],
            fields: [
                "name": .string(name), "object_type": .string(objectType), "datapoint": .string(datapoint),
                "type": .string(factor.use.rawValue), "factor_type": .string(factor.type.rawValue),
                "operator": .string(factor.comparison.rawValue), "value": factor.value,
            ]
        )
    }
}

extension ActivityDefinition {
    fileprivate func items(in organization: String) -> [CatalogueItem] {
        let activity = CatalogueItem(
            kind: .activity, key: [organization, key],
            fields: [
                "name": .string(name), "type": .string(type.rawValue), "object_type": .string(objectType),
                "setup": setup, "timeout_seconds": .seconds(timeoutMilliseconds), "input": input.json,
                "max_objects": .number(JSONNumber(maxObjects)), "factors": factors?.json ?? .null,
            ]
        )
        return [activity]
            + sources.enumerated().map { position, source in
                CatalogueItem(
                    kind: .activitySource, key: [organization, key, source],
                    fields: ["position": .number(JSONNumber(position))])
            }
            + webhookEndpoints.map {
                CatalogueItem(kind: .activityEndpoint, key: [organization, key, $0], fields: [:])
            }
    }
}

extension WorkflowDefinition {
    fileprivate func items(in organization: String) -> [CatalogueItem] {
        [
            CatalogueItem(
                kind: .workflow, key: [organization, key], fields: ["name": .string(name), "data": graph.json])
        ]
            + webhookEndpoints.map {
                CatalogueItem(kind: .workflowEndpoint, key: [organization, key, $0], fields: [:])
            }
    }
}

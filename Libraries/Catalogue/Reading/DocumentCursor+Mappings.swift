import JSON
import Mapping

/// Where a source's answer holds objects and values.
extension DocumentCursor {
    private static let pathsMax = 16

    /// `object_source`: an object type with a path, or with `key_mapping` and `key_mapping_type`.
    func objectMappings(scope: OrganizationScope) -> [ObjectMappingDefinition] {
        guard let types = mapping() else { return [] }
        return types.entries.compactMap { entry in
            guard types.isDeclared(entry, "object type", among: scope.objectTypes) else { return nil }
            let value = types.value(of: entry)
            if value.isNull { return nil }
            guard case .mapping = value.node.content, let body = value.mapping() else {
                return value.pathPattern().map {
                    ObjectMappingDefinition(objectType: entry.key, keyMapping: $0, keyMappingType: .key)
                }
            }
            body.refuseUnknownKeys(known: ["key_mapping", "key_mapping_type"])
            let path = body.required("key_mapping", "the path, such as [data, name]")?.pathPattern()
            let type = body["key_mapping_type"].map { $0.choice(of: ObjectNameKind.self) } ?? .key
            guard let path, let type else { return nil }
            return ObjectMappingDefinition(objectType: entry.key, keyMapping: path, keyMappingType: type)
        }
    }

    /// `datapoint_source`: per object type its datapoints, each with a path or a list of paths.
    func datapointMappings(scope: OrganizationScope) -> [DatapointMappingDefinition] {
        guard let types = mapping() else { return [] }
        return types.entries.flatMap { type -> [DatapointMappingDefinition] in
            guard types.isDeclared(type, "object type", among: scope.objectTypes) else { return [] }
            guard let datapoints = types.value(of: type).mapping() else { return [] }
            let known = scope.datapoints[type.key] ?? []
            return datapoints.entries.compactMap { entry in
                guard datapoints.isDeclared(entry, "datapoint", among: known) else { return nil }
                let value = datapoints.value(of: entry)
                if value.isNull { return nil }
                return value.pathPatterns().map {
                    DatapointMappingDefinition(objectType: type.key, datapoint: entry.key, keyMappings: $0)
                }
            }
        }
    }

    /// Object types with `null` in place of a path.
    func removedObjectMappings(scope: OrganizationScope) -> [RemovedMapping] {
        guard case .mapping = node.content, let types = mapping() else { return [] }
        return types.entries.filter { scope.objectTypes.contains($0.key) && types.value(of: $0).isNull }
            .map { RemovedMapping(objectType: $0.key, datapoint: nil) }
    }

    /// Datapoints with `null` in place of their paths.
    func removedDatapointMappings(scope: OrganizationScope) -> [RemovedMapping] {
        guard case .mapping = node.content, let types = mapping() else { return [] }
        return types.entries.flatMap { type -> [RemovedMapping] in
            let cursor = types.value(of: type)
            guard case .mapping = cursor.node.content, let datapoints = cursor.mapping() else { return [] }
            let known = scope.datapoints[type.key] ?? []
            return datapoints.entries.filter { known.contains($0.key) && datapoints.value(of: $0).isNull }
                .map { RemovedMapping(objectType: type.key, datapoint: $0.key) }
        }
    }

    /// Whether it is written out as nothing; a key alone may only have been forgotten.
    private var isNull: Bool {
        guard case .scalar(let text, isQuoted: false) = node.content else { return false }
        return text == "null" || text == "~"
    }

    /// One path, or a list of paths in the order in which they are tried.
    private func pathPatterns() -> [PathPattern]? {
        guard case .sequence(let elements) = node.content, let first = elements.first,
            case .sequence = first.content, let paths = list()
        else { return pathPattern().map { [$0] } }
        guard paths.count <= Self.pathsMax else {
            report(.outOfBounds, "there are \(paths.count) paths", remedy: "write at most \(Self.pathsMax)")
            return nil
        }
        let patterns = paths.compactMap { $0.pathPattern() }
        return patterns.count == paths.count ? patterns : nil
    }

    /// One path: a list of elements, or one element alone; see `PathPattern`.
    func pathPattern() -> PathPattern? {
        if case .scalar(let text, _) = node.content, text.contains(".") {
            let parts = text.split(separator: ".").filter { $0 != "$" }.joined(separator: ", ")
            report(
                .invalidPath, "a path is not written with dots",
                remedy: "write [\(parts)], or [\"\(text)\"] if the key itself has a dot"
            )
            return nil
        }
        guard let value = json() else { return nil }
        do {
            return try PathPattern(parsing: value)
        } catch {
            let remedy = "write a list such as [data, \"*\", name]: keys, indexes from 0, \"*\" and \"**\""
            report(.invalidPath, error.description, remedy: remedy)
            return nil
        }
    }
}

extension MappingCursor {
    /// Whether a key is one that the file declares; logs it if not.
    fileprivate func isDeclared(_ entry: DocumentEntry, _ kind: String, among declared: [String]) -> Bool {
        if declared.contains(entry.key) { return true }
        report(
            .missingReference, at: entry, "the file declares no \(kind) \(entry.key)",
            remedy: Spelling.suggestion(for: entry.key, among: declared)
        )
        return false
    }
}

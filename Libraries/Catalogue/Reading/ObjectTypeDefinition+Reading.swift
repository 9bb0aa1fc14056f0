import Mapping

extension ObjectTypeDefinition {
    init?(key: String, reading cursor: DocumentCursor, scope: OrganizationScope) {
        guard let body = cursor.mapping() else { return nil }
        body.refuseUnknownKeys(known: ["name", "datapoints"])
        let datapoints = body["datapoints"]?.mapping()?.named() ?? []
        self.init(
            key: key,
            name: body.name(orKey: key),
            datapoints: datapoints.compactMap { DatapointDefinition(key: $0.key, reading: $0.value) }
        )
    }
}

extension DatapointDefinition {
    /// `official_name: text`, or a mapping with `type` and `name`.
    fileprivate init?(key: String, reading cursor: DocumentCursor) {
        guard !CatalogueVariable.reserved.contains(key) else {
            cursor.report(
                .invalidName, "\(key) is a variable of request templates", remedy: "give the datapoint another name"
            )
            return nil
        }
        guard case .mapping = cursor.node.content else {
            guard let type = cursor.choice(of: DatapointType.self) else { return nil }
            self.init(key: key, name: key, dataType: type)
            return
        }
        guard let body = cursor.mapping() else { return nil }
        body.refuseUnknownKeys(known: ["type", "name"])
        let type = body.required("type", "text, number, boolean or json")?.choice(of: DatapointType.self)
        let name = body.name(orKey: key)
        guard let type else { return nil }
        self.init(key: key, name: name, dataType: type)
    }
}

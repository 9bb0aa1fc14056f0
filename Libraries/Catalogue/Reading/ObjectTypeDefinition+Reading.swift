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
    /// `official_name: text`, or a mapping with `type`, `name` and `normalize`.
    fileprivate init?(key: String, reading cursor: DocumentCursor) {
        guard !CatalogueVariable.reserved.contains(key) else {
            cursor.report(
                .invalidName, "\(key) is a variable of request templates", remedy: "give the datapoint another name"
            )
            return nil
        }
        guard case .mapping = cursor.node.content else {
            guard let type = cursor.choice(of: DatapointType.self) else { return nil }
            self.init(key: key, name: key, dataType: type, normalization: nil)
            return
        }
        guard let body = cursor.mapping() else { return nil }
        body.refuseUnknownKeys(known: ["type", "name", "normalize"])
        let type = body.required("type", "text, number, boolean, date, datetime or json")?.choice(
            of: DatapointType.self)
        let name = body.name(orKey: key)
        guard let type else { return nil }
        var normalization: Normalization?
        if let given = body["normalize"] {
            guard let read = given.normalization(of: type) else { return nil }
            normalization = read
        }
        self.init(key: key, name: name, dataType: type, normalization: normalization)
    }
}

extension DocumentCursor {
    fileprivate func normalization(of type: DatapointType) -> Normalization? {
        guard let value = json() else { return nil }
        do {
            return try Normalization(parsing: value, of: type)
        } catch {
            let remedy = "docs/catalogue.md lists what can be normalized"
            report(.unknownValue, error.reason, remedy: remedy)
            return nil
        }
    }
}

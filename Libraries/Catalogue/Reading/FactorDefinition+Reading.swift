import Factors
import Mapping

extension FactorDefinition {
    init?(key: String, reading cursor: DocumentCursor, scope: OrganizationScope) {
        guard let body = cursor.mapping() else { return nil }
        body.refuseUnknownKeys(known: ["name", "object_type", "datapoint", "operator", "value", "type", "usage"])
        let name = body.name(orKey: key)
        let objectType = body.required("object_type", "the type of the objects it is about")?
            .reference(to: "object type", among: scope.objectTypes)
        let datapoint = body.required("datapoint", "the datapoint that it looks at")
        let comparison = body.required("operator", "how the value is compared, such as greater_equal")?
            .choice(of: FactorOperator.self)
        let value = body.required("value", "what the datapoint is compared with")?.json()
        let use = body["usage"].map { $0.choice(of: FactorUse.self) } ?? .guardrail
        let given = body["type"].map { $0.choice(of: FactorType.self) }
        guard let objectType, let datapoint,
            let datapointKey = datapoint.reference(to: "datapoint", among: scope.datapoints[objectType] ?? []),
            let comparison, let value, let use
        else { return nil }
        let dataType = scope.dataTypes[objectType]?[datapointKey] ?? ""
        guard let type = given ?? Self.type(ofDataType: dataType) else { return nil }
        do {
            let factor = try Factor(
                key: key, objectType: scope.objectTypeNames[objectType] ?? objectType,
                datapoint: scope.datapointNames[objectType]?[datapointKey] ?? datapointKey, type: type, use: use,
                comparison: comparison, value: value)
            self.init(name: name, objectType: objectType, datapoint: datapointKey, factor: factor)
        } catch {
            (body[error.path] ?? cursor).report(
                .conflict, "this factor compares nothing", remedy: "mind that \(error.reason)")
            return nil
        }
    }

    /// What a datapoint tells unless the factor says so itself.
    private static func type(ofDataType dataType: String) -> FactorType {
        switch dataType {
        case "number": .volume
        case "boolean": .boolean
        default: dataType.hasPrefix("date") ? .time : .option
        }
    }
}

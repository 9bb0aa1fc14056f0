import Contracts
import JSON
import Mapping
import Postgres
import Store

/// A source's mapping, compiled: which values its answers hold, and where.
struct SourceMapping: Sendable {
    /// The plan for an answer in one piece.
    let plan: MappingPlan
    /// The plan for an answer that is the array of its pages.
    let pagedPlan: MappingPlan
    /// The datapoints of the plans, in their order.
    let datapoints: [DatapointID]
    /// Whether an answer is about several runs' objects, so that only its names tell whose a value is.
    let isAboutMany: Bool

    /// Compiles what is stored.
    init(_ record: SourceRecord) throws {
        plan = MappingPlan(
            objects: try record.objectPath.map { [try PathPattern(parsing: JSONValue(parsing: $0.bytes))] } ?? [],
            objectNameKind: record.objectPathType == "value" ? .value : .key,
            datapoints: try record.datapoints.map { datapoint in
                let paths = try JSONValue(parsing: datapoint.paths.bytes).arrayValue ?? []
                let type = DatapointType(rawValue: datapoint.type) ?? .text
                return MappingPlan.Datapoint(
                    key: datapoint.key, paths: try paths.map { try PathPattern(parsing: $0) }, type: type,
                    normalization: try datapoint.normalization.map {
                        try Normalization(parsing: JSONValue(parsing: $0.bytes), of: type)
                    })
            })
        pagedPlan = plan.onEveryPage()
        datapoints = record.datapoints.map(\.id)
        isAboutMany = record.objectPath != nil && record.runsPerExchange > 1
    }
}

import Contracts
import JSON
import Mapping
import Postgres
import Store
import Synchronization

/// A source's mapping, compiled: which values its answers hold, and where.
struct SourceMapping: Sendable {
    let plan: MappingPlan
    /// The plan for an answer that is the array of its pages.
    let pagedPlan: MappingPlan
    let datapoints: [DatapointID]
    /// Whether an answer is about several runs' objects, so that only its names tell whose a value is.
    let isAboutMany: Bool

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

/// Mappings by source and version, compiled once.
final class MappingCache: Sendable {
    /// How many sources are kept.
    static let sourcesMax = 1_000

    private let store: SourceStore
    /// A source, and the type of the objects that its runs are about; nil when it maps no other.
    struct Key: Hashable {
        let source: SourceID
        var objectType: ObjectTypeID?
    }

    private let mappings = Mutex<[Key: (version: Int64, mapping: SourceMapping)]>([:])

    init(store: SourceStore) {
        self.store = store
    }

    /// The mapping of a source at a version at least.
    func mapping(of key: Key, version: Int64) async throws -> SourceMapping {
        if let known = mappings.withLock({ $0[key] }), known.version >= version { return known.mapping }
        guard let record = try await store.definition(of: key.source, objectType: key.objectType) else {
            throw UnknownSource(source: key.source)
        }
        let mapping = try SourceMapping(record)
        mappings.withLock { mappings in
            if mappings.count >= Self.sourcesMax, mappings[key] == nil { mappings.removeAll() }
            mappings[key] = (record.version, mapping)
        }
        return mapping
    }
}

/// A run names a source that there is not.
struct UnknownSource: Error, CustomStringConvertible {
    let source: SourceID

    var description: String { "there is no source \(source)" }
}

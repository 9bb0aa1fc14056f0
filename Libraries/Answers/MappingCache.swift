public import Contracts
public import Store
import Synchronization

/// Mappings by source and version, compiled once.
public final class MappingCache: Sendable {
    /// How many sources are kept.
    static let sourcesMax = 1_000

    /// What a mapping is for.
    struct Key: Hashable, Sendable {
        /// The source.
        let source: SourceID
        /// The type of the objects that it finds; nil when its runs are about objects that they name.
        var objectType: ObjectTypeID?
        /// The mapping that its request is given in place of the catalogue's.
        var replacement: RequestMappingID?
    }

    private let store: SourceStore
    private let given: [SourceID: RequestMapping]
    private let mappings = Mutex<[Key: (version: Int64, mapping: SourceMapping)]>([:])

    /// - Parameters:
    ///   - store: where mappings stand.
    ///   - given: mappings to try out in place of those.
    public init(store: SourceStore, given: [SourceID: RequestMapping] = [:]) {
        self.store = store
        self.given = given
    }

    /// The mapping of a source at a version at least.
    func mapping(of key: Key, version: Int64) async throws -> SourceMapping {
        if let known = mappings.withLock({ $0[key] }), known.version >= version { return known.mapping }
        guard
            var record = try await store.definition(
                of: key.source, objectType: key.objectType, replacement: key.replacement)
        else { throw UnknownSource(source: key.source) }
        if let given = given[key.source] { record = record.mapped(as: given, objectType: key.objectType) }
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

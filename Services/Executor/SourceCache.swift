import Contracts
import Store
import Synchronization

/// The sources that this executor works for, compiled once for each version.
final class SourceCache: Sendable {
    /// How many sources are kept.
    static let sourcesMax = 1_000

    private let store: SourceStore
    private let prepare: @Sendable (SourceRecord) throws -> PreparedSource
    private let sources = Mutex<[SourceID: PreparedSource]>([:])

    init(store: SourceStore, prepare: @escaping @Sendable (SourceRecord) throws -> PreparedSource) {
        self.store = store
        self.prepare = prepare
    }

    /// The source at a version at least; nil when there is none.
    ///
    /// - Parameter version: what a claim said; 0 takes whatever is known.
    func source(_ id: SourceID, version: Int64 = 0) async throws -> PreparedSource? {
        if let known = sources.withLock({ $0[id] }), known.version >= version { return known }
        guard let record = try await store.definition(of: id) else { return nil }
        let source = try prepare(record)
        sources.withLock { sources in
            if sources.count >= Self.sourcesMax, sources[id] == nil { sources.removeAll() }
            sources[id] = source
        }
        return source
    }
}

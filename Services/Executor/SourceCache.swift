import Contracts
import Sources
import Store
import Synchronization

/// The sources that this executor works for, compiled once for each version.
final class SourceCache: Sendable {
    /// How many sources are kept.
    static let sourcesMax = 1_000

    private let store: SourceStore
    private let lease: WorkerLease
    private let prepare: @Sendable (SourceRecord) throws -> PreparedSource
    private let sources = Mutex<[SourceID: PreparedSource]>([:])

    init(
        store: SourceStore, lease: WorkerLease, prepare: @escaping @Sendable (SourceRecord) throws -> PreparedSource
    ) {
        self.store = store
        self.lease = lease
        self.prepare = prepare
    }

    /// The source at a version at least; nil when there is none.
    ///
    /// - Parameter version: what a claim said; 0 takes whatever is known.
    /// - Throws: ``UnusableSource`` when it cannot be used as it is stored, which is noted for those who wait for it.
    func source(_ id: SourceID, version: Int64 = 0) async throws -> PreparedSource? {
        if let known = sources.withLock({ $0[id] }), known.version >= version { return known }
        guard let record = try await store.definition(of: id) else { return nil }
        let source: PreparedSource
        do {
            source = try prepare(record)
        } catch {
            // Whoever went by an older version would claim runs only to give them back.
            sources.withLock { $0[id] = nil }
            let unusable = UnusableSource(record.key, unreadable: error)
            try await store.noteUnusable(record, because: unusable.reason, worker: lease.worker)
            throw unusable
        }
        if record.isNotedUnusable { try await store.noteUsable(record) }
        sources.withLock { sources in
            if sources.count >= Self.sourcesMax, sources[id] == nil { sources.removeAll() }
            sources[id] = source
        }
        return source
    }

    /// Whether the source is known, and known to have jobs.
    func hasJobs(_ id: SourceID) -> Bool { sources.withLock { $0[id]?.setup.job != nil } }
}

import Contracts
import Store
import Synchronization

/// The sources that this executor works for, compiled once and read anew when their version was raised.
final class SourceCache: Sendable {
    private struct Entry {
        let source: PreparedSource
        let checkedAt: ContinuousClock.Instant
    }

    /// How long a source is used without asking for its version.
    static let checkInterval: Duration = .seconds(1)
    /// How many sources are kept.
    static let sourcesMax = 1_000

    private let store: SourceStore
    private let entries = Mutex<[SourceID: Entry]>([:])

    init(store: SourceStore) {
        self.store = store
    }

    /// The source as it was at most a second ago.
    func source(_ id: SourceID) async throws -> PreparedSource? {
        let now = ContinuousClock.now
        let entry = entries.withLock { $0[id] }
        if let entry {
            if entry.checkedAt + Self.checkInterval > now { return entry.source }
            if try await store.version(of: id) == entry.source.version {
                keep(entry.source, at: now)
                return entry.source
            }
        }
        guard let record = try await store.definition(of: id) else { return nil }
        let source = try PreparedSource(record)
        keep(source, at: now)
        return source
    }

    private func keep(_ source: PreparedSource, at now: ContinuousClock.Instant) {
        entries.withLock { entries in
            if entries.count >= Self.sourcesMax, entries[source.id] == nil,
                let oldest = entries.min(by: { $0.value.checkedAt < $1.value.checkedAt })?.key
            {
                entries[oldest] = nil
            }
            entries[source.id] = Entry(source: source, checkedAt: now)
        }
    }
}

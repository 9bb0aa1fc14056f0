import Contracts
import Postgres

// Sources that executors cannot use as they are stored: their runs are told why they wait (`RequestStore.outcomes`).
extension SourceStore {
    // Written once, whoever looks how often: not while a worker that lives has said the same.
    private static let noteUnusable = Statement(
        "source.note_unusable",
        """
        update public.source as s
        set unusable_reason = $3, unusable_version = s.version, unusable_by = $4
        where s.id = $1 and s.version = $2
          and not (s.unusable_reason is not distinct from $3 and s.unusable_version is not distinct from s.version
                   and exists (select from public.worker as w where w.id = s.unusable_by and w.ended_at is null))
        """)

    private static let noteUsable = Statement(
        "source.note_usable",
        """
        update public.source as s
        set unusable_reason = null, unusable_version = null, unusable_by = null
        where s.id = $1 and s.version = $2 and s.unusable_reason is not null
        """)

    /// Notes that a worker can do nothing for a source as it is stored; nothing when it has changed meanwhile.
    ///
    /// - Parameter reason: a sentence for people.
    public func noteUnusable(
        _ source: SourceRecord, because reason: String, worker: WorkerID
    ) async throws(PostgresError) {
        _ = try await pool.execute(Self.noteUnusable, source.id, source.version, reason, worker)
    }

    /// Notes that a source can be used after all, whoever has said otherwise.
    public func noteUsable(_ source: SourceRecord) async throws(PostgresError) {
        _ = try await pool.execute(Self.noteUsable, source.id, source.version)
    }
}

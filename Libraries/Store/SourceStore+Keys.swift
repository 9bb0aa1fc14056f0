import Contracts
import Postgres

extension SourceStore {
    /// The sources of an organization with their keys.
    static let keys = Statement(
        "source.keys",
        "select s.id, s.key from public.source as s where s.owner_org_id = $1 and s.deleted_at is null order by s.key")

    /// The source of a key, among the rows of ``keys``.
    ///
    /// - Throws: ``UnknownSource``.
    static func source(_ key: String, among rows: QueryResult) throws -> SourceID {
        let sources = try rows.map { try $0.decode((SourceID, String).self) }
        guard let source = sources.first(where: { $0.1 == key }) else {
            throw UnknownSource(key: key, known: sources.map(\.1))
        }
        return source.0
    }
}

import Contracts
import Foundation
import Logging
import Postgres
import Store
import TestServers

/// A migrated database with one source, for stores of its token.
struct TokenDatabase: Sendable {
    let pool: PostgresPool
    let sources: SourceStore
    private let record: SourceRecord

    /// A store as another executor has it.
    var store: SourceTokenStore { sources.tokens(of: record) }

    private static let migrations = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appending(path: "migrations").path

    /// Lends one.
    static func use<Value: Sendable>(_ body: (TokenDatabase) async throws -> Value) async throws -> Value {
        let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        return try await PostgresCluster.shared().withDatabase { connectionString in
            let pool = PostgresPool(configuration: .init(connectionString: connectionString), logger: silent)
            do {
                try await Migrator(pool: pool, migrations: Migration.load(from: migrations)).up()
                let id = try await pool.execute(Statement("test.source", insert))[0].decode(SourceID.self, at: 0)
                let sources = SourceStore(pool: pool)
                guard let record = try await sources.definition(of: id) else { throw NoSource() }
                let value = try await body(TokenDatabase(pool: pool, sources: sources, record: record))
                await pool.close()
                return value
            } catch {
                await pool.close()
                throw error
            }
        }
    }

    private struct NoSource: Error {}

    private static let insert = """
        with org as (insert into public.org (key, name) values ('acme', 'Acme') returning id)
        insert into public.source (owner_org_id, key, name, run_request_template)
        select id, 'registry', 'Registry', '{"url": "http://127.0.0.1/"}' from org returning id
        """

    /// Everything that is stored about the token, as text.
    func row() async throws -> String {
        try await pool.execute(
            Statement("test.token", "select t::text || ' ' || encode(t.sealed, 'escape') from public.source_token as t")
        )[0].decode(String.self, at: 0)
    }

    /// Whether a statement waits for a lock, in this database: others of the cluster are other tests'.
    func isSomebodyWaiting() async throws -> Bool {
        try await pool.execute(
            Statement(
                "test.waiting",
                """
                select exists (
                    select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock')
                """))[0]
            .decode(Bool.self, at: 0)
    }

    /// Runs SQL on it.
    func run(_ sql: String) async throws {
        try await pool.execute(Statement("test.run", sql))
    }
}

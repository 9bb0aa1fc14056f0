import Postgres

/// Brings the schema forward and back, one migrator at a time.
public struct Migrator: Sendable {
    /// Where one migration stands.
    public struct Status: Sendable {
        /// How a migration's file and its entry in the database relate.
        public enum Standing: String, Sendable {
            /// Run, and the file is as it was.
            case applied
            /// Not run yet.
            case pending
            /// Run, but the file was edited since.
            case edited
            /// Run, but there is no such file: the database is newer than this program.
            case unknown
        }

        /// Its number.
        public let version: Int32
        /// Its name.
        public let name: String
        /// How it stands.
        public let standing: Standing
    }

    private let pool: PostgresPool
    private let migrations: [Migration]

    /// A migrator that logs in as a superuser or as a member of `weir_owner` that may create roles.
    public init(pool: PostgresPool, migrations: [Migration]) {
        self.pool = pool
        self.migrations = migrations
    }

    private static let prepare = """
        create table if not exists public.schema_migration (
            version integer primary key,
            name text not null,
            checksum bytea not null,
            applied_at timestamptz not null default clock_timestamp()
        )
        """
    // Roles are the cluster's, so that two databases of one cluster must not migrate at once either; the lock of the
    // database "postgres" cannot be taken from here, hence the retries in 0001.
    private static let lock = Statement("migration.lock", "select pg_advisory_lock(hashtext('weir.migrate'))")
    private static let unlock = Statement("migration.unlock", "select pg_advisory_unlock(hashtext('weir.migrate'))")
    private static let exists = Statement(
        "migration.exists", "select to_regclass('public.schema_migration') is not null")
    private static let entries = Statement(
        "migration.entries", "select version, name, checksum from public.schema_migration order by version")
    private static let checksum = Statement("migration.checksum", "select sha256(convert_to($1, 'UTF8'))")
    private static let insert = Statement(
        "migration.insert",
        "insert into public.schema_migration (version, name, checksum) values ($1, $2, sha256(convert_to($3, 'UTF8')))")
    private static let delete = Statement("migration.delete", "delete from public.schema_migration where version = $1")

    /// How every migration stands.
    public func status() async throws -> [Status] {
        try await pool.withConnection { connection in try await status(on: connection) }
    }

    /// Runs what is pending.
    ///
    /// - Parameter progress: called with the name of each migration before it runs.
    /// - Returns: the names of those that ran.
    /// - Throws: ``MigrationError`` when a file was edited after it had run, or the database is newer than this program;
    ///   `PostgresError` when a script fails, in which case its transaction has left nothing behind.
    @discardableResult
    public func up(progress: @Sendable (String) -> Void = { _ in }) async throws -> [String] {
        try await locked { connection in
            _ = try await connection.script(Self.prepare)
            let standings = try await status(on: connection)
            try Self.refuseDrift(standings)
            var ran: [String] = []
            for migration in migrations where standings[Int(migration.version) - 1].standing == .pending {
                progress(migration.name)
                try await run(migration, migration.up, on: connection) { connection in
                    _ = try await connection.execute(Self.insert, migration.version, migration.name, migration.text)
                }
                ran.append(migration.name)
            }
            return ran
        }
    }

    /// Goes back, newest first, until `version` is the newest that stands (0 for an empty database).
    ///
    /// - Returns: the names of those that were taken back.
    @discardableResult
    public func down(to version: Int32, progress: @Sendable (String) -> Void = { _ in }) async throws -> [String] {
        try await locked { connection in
            _ = try await connection.script(Self.prepare)
            let standings = try await status(on: connection)
            try Self.refuseDrift(standings)
            var ran: [String] = []
            for migration in migrations.reversed()
            where migration.version > version && standings[Int(migration.version) - 1].standing == .applied {
                progress(migration.name)
                try await run(migration, migration.down, on: connection) { connection in
                    _ = try await connection.execute(Self.delete, migration.version)
                }
                ran.append(migration.name)
            }
            return ran
        }
    }

    private func run(
        _ migration: Migration, _ script: Migration.Script, on connection: PostgresConnection,
        thenRecord record: @Sendable (PostgresConnection) async throws -> Void
    ) async throws {
        do {
            guard script.isTransactional else {
                _ = try await connection.script(script.sql)
                return try await record(connection)
            }
            _ = try await connection.script("begin")
            _ = try await connection.script(script.sql)
            // The script acts as the owner; the entry is the migrator's own.
            _ = try await connection.script("reset role")
            try await record(connection)
            _ = try await connection.script("commit")
        } catch {
            _ = try? await connection.script("rollback")
            throw error
        }
    }

    private func locked<Output: Sendable>(
        _ body: @Sendable (PostgresConnection) async throws -> Output
    ) async throws -> Output {
        try await pool.withConnection { connection in
            _ = try await connection.execute(Self.lock)
            let output: Output
            do {
                output = try await body(connection)
            } catch {
                _ = try? await connection.execute(Self.unlock)
                throw error
            }
            _ = try await connection.execute(Self.unlock)
            return output
        }
    }

    private func status(on connection: PostgresConnection) async throws -> [Status] {
        let known = try await connection.execute(Self.exists)[0].decode(Bool.self, at: 0)
        var entries: [Int32: (name: String, checksum: Bytea)] = [:]
        if known {
            for row in try await connection.execute(Self.entries) {
                let (version, name, checksum) = try row.decode((Int32, String, Bytea).self)
                entries[version] = (name, checksum)
            }
        }
        var statuses: [Status] = []
        for migration in migrations {
            let standing: Status.Standing
            if let entry = entries.removeValue(forKey: migration.version) {
                let checksum = try await connection.execute(Self.checksum, migration.text)[0].decode(Bytea.self, at: 0)
                standing = checksum == entry.checksum ? .applied : .edited
            } else {
                standing = .pending
            }
            statuses.append(Status(version: migration.version, name: migration.name, standing: standing))
        }
        for (version, entry) in entries.sorted(by: { $0.key < $1.key }) {
            statuses.append(Status(version: version, name: entry.name, standing: .unknown))
        }
        return statuses
    }

    private static func refuseDrift(_ statuses: [Status]) throws {
        if let edited = statuses.first(where: { $0.standing == .edited }) {
            throw MigrationError(
                "\(edited.name) was edited after it had run. Put the file back, and write a new migration for the change."
            )
        }
        if let unknown = statuses.first(where: { $0.standing == .unknown }) {
            throw MigrationError(
                "the database has the migration \(unknown.name), which this program does not know. Use the newer program."
            )
        }
    }
}

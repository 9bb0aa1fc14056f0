import ArgumentParser
import Postgres
import Store

/// What all commands of `weir migrate` take.
struct MigrateOptions: ParsableArguments {
    @OptionGroup var database: DatabaseOptions

    @Option(
        help: ArgumentHelp(
            "The directory of the migrations.",
            discussion: "Default: WEIR_MIGRATIONS, then 'migrations' above the executable or this directory.",
            valueName: "directory"))
    var migrations: String?
}

extension CommandContext {
    /// Lends a migrator on the database that the options name. Statements take as long as they need.
    func withMigrator<Output: Sendable>(
        _ options: MigrateOptions, _ body: (Migrator) async throws -> Output
    ) async throws -> Output {
        try await withMigrator(url: try databaseURL(options.database), migrations: options.migrations, body)
    }

    /// Lends a migrator on a database.
    func withMigrator<Output: Sendable>(
        url: String, migrations directory: String? = nil, _ body: (Migrator) async throws -> Output
    ) async throws -> Output {
        let migrations = try Migration.load(from: try MigrationsDirectory.locate(option: directory, self))
        return try await withDatabase(url: url, statementTimeout: .zero) { pool in
            try await body(Migrator(pool: pool, migrations: migrations))
        }
    }
}

import ArgumentParser
import Logging
import Postgres

/// How a command reaches the database.
struct DatabaseOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The database, as an administrator: postgresql://USER@HOST/NAME.",
            discussion: "Default: WEIR_DATABASE_URL, then that of 'weir up'."))
    var databaseUrl: String?
}

extension CommandContext {
    /// Lends a small pool on the database that the options name.
    func withDatabase<Output: Sendable>(
        _ options: DatabaseOptions, statementTimeout: Duration = .seconds(30),
        _ body: (PostgresPool) async throws -> Output
    ) async throws -> Output {
        try await withDatabase(url: try databaseURL(options), statementTimeout: statementTimeout, body)
    }

    /// Lends a small pool on a database.
    ///
    /// - Parameter statementTimeout: how long one statement may take; zero for as long as it needs.
    func withDatabase<Output: Sendable>(
        url: String, statementTimeout: Duration = .seconds(30), _ body: (PostgresPool) async throws -> Output
    ) async throws -> Output {
        var configuration = PostgresPool.Configuration(connectionString: url)
        configuration.applicationName = "weir"
        configuration.maxConnections = 2
        // Whoever waits at a terminal wants to know soon that nobody answers.
        configuration.acquireTimeout = .seconds(5)
        configuration.statementTimeout = statementTimeout
        let pool = PostgresPool(configuration: configuration, logger: Self.silentLogger)
        do {
            let output = try await body(pool)
            await pool.close()
            return output
        } catch {
            await pool.close()
            throw error
        }
    }

    /// The libraries' own log: a command says what matters in its result or its error.
    static let silentLogger = Logger(label: "weir") { _ in SwiftLogNoOpLogHandler() }
}

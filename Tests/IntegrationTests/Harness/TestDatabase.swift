import Foundation
import Logging
import Postgres
import Store
import TestServers

/// A migrated database of a test's own, on a cluster that only these tests use, because one of them restarts it.
struct TestDatabase: Sendable {
    private struct Template: Sendable {
        let cluster: PostgresCluster
        let name: String
    }

    // Commits are synchronous: after a crash of the server nothing that was acknowledged may be missing. Nothing here survives a
    // crash of the machine, so fsync stays off.
    private static let template = Task {
        let cluster = try await PostgresCluster(settings: ["synchronous_commit": "on"])
        let name = try await cluster.createDatabase()
        let pool = PostgresPool(
            configuration: .init(connectionString: cluster.connectionString(database: name)), logger: .silent)
        let migrations = try Migration.load(from: packageRoot.appending(path: "migrations").path)
        try await Migrator(pool: pool, migrations: migrations).up()
        await pool.close()
        return Template(cluster: cluster, name: name)
    }

    static let packageRoot = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    let cluster: PostgresCluster
    let name: String
    /// Connections of the superuser, who sees every row.
    let pool: PostgresPool
    /// What ``remove()`` holds the states in it to.
    let consistency: StateConsistency

    /// Clones the migrated template, or makes an empty database.
    static func make(
        isMigrated: Bool = true, consistency: StateConsistency = .required
    ) async throws -> TestDatabase {
        let template = try await template.value
        let name = try await template.cluster.createDatabase(
            fromTemplate: isMigrated ? template.name : "template0")
        var configuration = PostgresPool.Configuration(
            connectionString: template.cluster.connectionString(database: name))
        configuration.maxConnections = 4
        return TestDatabase(
            cluster: template.cluster, name: name,
            pool: PostgresPool(configuration: configuration, logger: .silent),
            consistency: isMigrated ? consistency : .waived(because: "it began without any tables"))
    }

    /// What a service logs in with, directly or through a proxy whose socket stands in a directory.
    func url(of service: ServiceName, through directory: String? = nil) -> String {
        "host=\(directory ?? socketDirectory) dbname=\(name) user=weir_\(service)"
    }

    /// What an administrator logs in with.
    var administratorURL: String { cluster.connectionString(database: name) }

    /// Where the server's socket stands.
    var socketDirectory: String {
        let words = cluster.connectionString().split(separator: " ")
        return words.first { $0.hasPrefix("host=") }.map { String($0.dropFirst(5)) } ?? ""
    }

    /// Checks that the states in it agree with each other, closes the connections and drops the database.
    func remove() async throws {
        await checkStates()
        await pool.close()
        try await cluster.dropDatabase(name)
    }

    /// The only value of a query.
    func value<Value: PostgresDecodable, each Parameter: PostgresEncodable>(
        _ type: Value.Type, _ sql: String, _ parameters: repeat each Parameter
    ) async throws -> Value {
        let rows = try await pool.execute(Statement("test", sql), repeat each parameters)
        guard let row = rows.first else { throw HarnessError("no row: \(sql)") }
        return try row.decode(type, at: 0)
    }

    /// The first column of a query.
    func column<Value: PostgresDecodable, each Parameter: PostgresEncodable>(
        _ type: Value.Type, _ sql: String, _ parameters: repeat each Parameter
    ) async throws -> [Value] {
        try await pool.execute(Statement("test", sql), repeat each parameters).map { try $0.decode(type, at: 0) }
    }
}

extension Logger {
    /// Says nothing.
    static let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
}

import Logging
import Postgres
import TestServers

/// Lends a pool on a database of its own, and cleans both up.
func withPool<Output: Sendable>(
    on cluster: PostgresCluster? = nil,
    _ configure: (inout PostgresPool.Configuration) -> Void = { _ in },
    _ body: (PostgresPool) async throws -> Output
) async throws -> Output {
    let cluster = if let cluster { cluster } else { try await PostgresCluster.shared() }
    return try await cluster.withDatabase { connectionString in
        var configuration = PostgresPool.Configuration(connectionString: connectionString)
        configure(&configuration)
        return try await withPool(configuration, body)
    }
}

/// Lends a pool on a database that all tests share, for those that leave nothing in it.
func withSharedDatabase<Output: Sendable>(_ body: (PostgresPool) async throws -> Output) async throws -> Output {
    let cluster = try await PostgresCluster.shared()
    let configuration = PostgresPool.Configuration(connectionString: cluster.connectionString())
    return try await withPool(configuration, body)
}

private func withPool<Output: Sendable>(
    _ configuration: PostgresPool.Configuration, _ body: (PostgresPool) async throws -> Output
) async throws -> Output {
    let pool = PostgresPool(configuration: configuration, logger: .silent)
    do {
        let output = try await body(pool)
        await pool.close()
        return output
    } catch {
        await pool.close()
        throw error
    }
}

extension Logger {
    /// Says nothing.
    static let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
}

extension PostgresPool {
    /// The only value of a query.
    func value<Value: PostgresDecodable, each Parameter: PostgresEncodable>(
        _ type: Value.Type, _ sql: String, _ parameters: repeat each Parameter
    ) async throws -> Value {
        let result = try await execute(Statement("test", sql), repeat each parameters)
        return try result[0].decode(type, at: 0)
    }

    /// Runs SQL text.
    func script(_ sql: String) async throws {
        try await withConnection { try await $0.script(sql) }
    }
}

/// The error that a call ended with.
func postgresError(_ body: () async throws -> Void) async throws -> PostgresError? {
    do {
        try await body()
        return nil
    } catch let error as PostgresError {
        return error
    }
}

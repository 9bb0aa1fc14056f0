import Postgres

/// How a service's sessions are set up, so that its statements run the same on an empty database and on a full one.
public enum ServiceSession {
    /// Session settings of services: they find rows by key and never by scanning.
    ///
    /// A prepared statement keeps the plan of its first executions. On a partition that was made a minute ago those
    /// see an empty table, and a plan that scans it stays in place while the table grows to a million rows
    /// (docs/decisions/0006).
    public static let settings = [
        "enable_seqscan": "off",
        "enable_hashjoin": "off",
        "enable_mergejoin": "off",
        "enable_bitmapscan": "off",
        "jit": "off",
        "plan_cache_mode": "force_generic_plan",
        "timezone": "UTC",
    ]

    /// The pool of a service that logs in as its own role.
    public static func configuration(
        url: String, service: String, connections: Int, idleInTransaction: Duration = .seconds(60)
    ) -> PostgresPool.Configuration {
        var configuration = PostgresPool.Configuration(connectionString: url)
        configuration.applicationName = service
        configuration.maxConnections = connections
        configuration.idleInTransactionTimeout = idleInTransaction
        configuration.sessionSettings = settings
        return configuration
    }
}

extension PostgresPool {
    private static let probeStatement = Statement("session.probe", "select true")

    /// Asks the server for a sign of life.
    public func probe() async throws(PostgresError) {
        _ = try await execute(Self.probeStatement)
    }
}

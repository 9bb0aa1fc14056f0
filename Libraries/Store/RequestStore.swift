import Contracts
import Postgres

/// Requests for activities: accepted, expanded into runs, collected, looked at.
public struct RequestStore: Sendable {
    let pool: PostgresPool

    /// Statements run on the service's own pool.
    public init(pool: PostgresPool) {
        self.pool = pool
    }
}

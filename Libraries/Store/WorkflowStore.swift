import Contracts
import Postgres

/// Requests for workflows: accepted, looked at, stopped, taken from phase to phase (docs/decisions/0020).
public struct WorkflowStore: Sendable {
    let pool: PostgresPool

    /// Statements run on the service's own pool.
    public init(pool: PostgresPool) {
        self.pool = pool
    }
}

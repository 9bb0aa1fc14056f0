import Contracts
import Postgres

/// Runs on their way: claimed into exchanges, answered, mapped, closed.
///
/// Statements find rows by id alone and compare the organization with `is not distinct from`: an index condition on the
/// organization would let the planner walk a tenant's whole queue (docs/decisions/0006).
public struct RunStore: Sendable {
    let pool: PostgresPool

    /// Statements run on the service's own pool.
    public init(pool: PostgresPool) {
        self.pool = pool
    }
}

import Postgres

/// Jobs that run at APIs: begun, stored, claimed step by step, and ended (docs/decisions/0018).
///
/// Whoever takes a step of a job holds it (`external_job.worker_id`); what somebody else holds meanwhile is passed over.
public struct JobStore: Sendable {
    let pool: PostgresPool

    /// Statements run on the service's own pool.
    public init(pool: PostgresPool) {
        self.pool = pool
    }
}

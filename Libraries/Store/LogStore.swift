import Postgres

/// What services have to tell operators, in `etl_api.etl_log`.
public struct LogStore: Sendable {
    private let pool: PostgresPool

    /// Statements run on the service's own pool.
    public init(pool: PostgresPool) {
        self.pool = pool
    }

    // The error does not say whose row it was; by its key that costs one look-up.
    private static let refused = Statement(
        "log.refused_transition",
        """
        select etl_api.logger(
            'error', $1, $2,
            jsonb_build_object('sqlstate', $3::text, 'statement', $4::text, 'from_state', $5::text, 'to_state', $6::text),
            case $7
                when 'workflow_request' then (select r.org_id from public.workflow_request as r where r.id = $8)
                when 'activity_request' then (select r.org_id from public.activity_request as r where r.id = $8)
                when 'run_queue' then (select r.org_id from public.run_queue as r where r.id = $8)
                when 'run_request' then (select r.org_id from public.run_request as r where r.id = $8)
            end,
            $7, $8)
        """)

    /// Writes that a service was refused a change of state.
    public func write(_ refusal: RefusedTransition, component: String) async throws(PostgresError) {
        _ = try await pool.execute(
            Self.refused, component, refusal.message, RefusedTransition.sqlState, refusal.statement, refusal.fromState,
            refusal.toState, refusal.entity, refusal.row)
    }
}

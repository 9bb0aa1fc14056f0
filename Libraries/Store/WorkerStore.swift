import Contracts
import Postgres

/// The processes that may hold claims, and their leases.
public struct WorkerStore: Sendable {
    private let pool: PostgresPool

    /// Statements run on the service's own pool.
    public init(pool: PostgresPool) {
        self.pool = pool
    }

    private static let register = Statement(
        "worker.register",
        """
        insert into public.worker (id, service, host, pid, lease)
        values ($1, $2, $3, $4, make_interval(secs => $5))
        """)

    private static let heartbeat = Statement(
        "worker.heartbeat",
        """
        update public.worker set heartbeat_at = clock_timestamp()
        where id = $1 and ended_at is null
        returning true
        """)

    private static let end = Statement(
        "worker.end",
        """
        update public.worker set ended_at = clock_timestamp(), ended_reason = $2
        where id = $1 and ended_at is null
        """)

    /// Makes a worker known. Its claims are void once it has been silent for longer than `lease`.
    public func register(
        _ worker: WorkerID, service: String, host: String, processID: Int32, lease: Duration
    ) async throws(PostgresError) {
        _ = try await pool.execute(Self.register, worker, service, host, processID, lease.inSeconds)
    }

    /// Says that the worker is alive.
    ///
    /// - Returns: false when the worker was given up; it must stop what it does and register under a new id.
    public func heartbeat(_ worker: WorkerID) async throws(PostgresError) -> Bool {
        try await !pool.execute(Self.heartbeat, worker).isEmpty
    }

    /// Gives up every claim of the worker at once; the scheduler takes its work back.
    public func end(_ worker: WorkerID, reason: String) async throws(PostgresError) {
        _ = try await pool.execute(Self.end, worker, reason)
    }
}

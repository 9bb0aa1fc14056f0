import Contracts
import Postgres

/// Jobs that run at APIs: begun, stored, claimed step by step, and ended (docs/decisions/0018).
///
/// Whoever takes a step of a job holds it (`external_job.worker_id`) under a claim of its own number; what somebody else holds
/// meanwhile is passed over, and so is what was recorded already when the answer to that was lost.
public struct JobStore: Sendable {
    let pool: PostgresPool

    /// Statements run on the service's own pool.
    public init(pool: PostgresPool) {
        self.pool = pool
    }

    /// Why the runs of a job wait that goes its way.
    static let followed = "the API has taken the job and works on it"
}

/// The right to take one step of a job, for whoever holds the job.
public struct JobClaim: Sendable, Hashable {
    /// The exchange that the job is for.
    public let exchange: RunRequestID
    /// Tells it from the claims before it: each has the next number.
    public let number: Int

    /// The claim on a job of that number.
    public init(exchange: RunRequestID, number: Int) {
        self.exchange = exchange
        self.number = number
    }

    /// The claim of whoever submits a job.
    public static func first(of exchange: RunRequestID) -> JobClaim { JobClaim(exchange: exchange, number: 1) }
}

extension [JobClaim] {
    /// The exchanges, to be bound beside ``numbers``.
    var exchanges: [RunRequestID] { map(\.exchange) }
    /// The numbers, to be bound beside ``exchanges``.
    var numbers: [Int32] { map { Int32(clamping: $0.number) } }
}

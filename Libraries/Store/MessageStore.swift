import Contracts
import Postgres

/// What came over the bus and could not be read.
public struct MessageStore: Sendable {
    private let pool: PostgresPool

    /// Statements run on the service's own pool.
    public init(pool: PostgresPool) {
        self.pool = pool
    }

    private static let bury = Statement(
        "message.bury",
        "insert into public.dead_message (service, topic, key, reason, body) values ($1, $2, $3, $4, $5)")

    /// How much of a body is kept.
    public static let bodyBytesMax = 65_536

    /// Keeps the beginning of a message with the reason why it could not be read.
    public func bury(
        service: String, topic: String, key: String, reason: String, body: [UInt8]
    ) async throws(PostgresError) {
        _ = try await pool.execute(
            Self.bury, service, topic, key, reason, Bytea(Array(body.prefix(Self.bodyBytesMax))))
    }
}

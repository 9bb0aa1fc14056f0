public import Logging

/// A bounded number of connections that many tasks share.
///
/// A single statement or pipeline takes a connection for one round trip; a transaction or ``withConnection(_:)`` for as long as its closure
/// runs. Whoever finds none free waits, first come first served, up to ``Configuration/acquireTimeout``. Connections are opened
/// when they are first needed, and made again with a growing pause when they are lost.
///
/// Close the pool when it is no longer needed; a pool that is merely dropped closes by itself, without anybody waiting for it.
public final class PostgresPool: Sendable {
    private let core: PoolCore

    /// A pool for a server. Nothing is connected yet; a connection string that cannot be parsed is reported by the first call.
    public init(configuration: Configuration, logger: Logger) {
        core = PoolCore(configuration, logger: logger)
    }

    deinit {
        core.beginClosing()
    }

    /// Executes one statement in a transaction of its own.
    ///
    /// - Throws: ``PostgresError``; when the task is cancelled while it waits for a connection, ``PostgresError/Code/cancelled``. Once
    ///   sent, a statement runs to its end: the connection may serve somebody else by the time that a cancel request arrives.
    @discardableResult
    public nonisolated(nonsending) func execute<each Value: PostgresEncodable>(
        _ statement: Statement, _ values: repeat each Value
    ) async throws(PostgresError) -> QueryResult {
        try await execute(Pipeline(statement, repeat each values))
    }

    private nonisolated(nonsending) func execute(_ pipeline: Pipeline) async throws(PostgresError) -> QueryResult {
        try await core.run(pipeline).only(of: pipeline)
    }

    /// Executes several statements in one round trip and one implicit transaction. Gives one result per statement, in order.
    ///
    /// - Throws: the first statement's error, with its name; then none of the statements has taken effect. Otherwise as
    ///   ``execute(_:_:)``.
    @discardableResult
    public nonisolated(nonsending) func run(_ pipeline: Pipeline) async throws(PostgresError) -> [QueryResult] {
        try await core.run(pipeline)
    }

    /// Runs a closure in a transaction: commits when it returns, rolls back when it throws.
    ///
    /// BEGIN travels with the first statement. COMMIT takes a round trip of its own, unless the closure ends with
    /// ``PostgresTransaction/commit(_:)``, which sends the last statements and COMMIT together.
    ///
    /// - Parameter attempts: how often it is run at the most, should it end with an error that is ``PostgresError/isRetryable``, such as a
    ///   deadlock.
    /// - Throws: what the closure throws; ``PostgresError`` when no connection could be had or COMMIT failed. If
    ///   ``PostgresError/isRetryable``, running the whole transaction again is safe and may succeed.
    @discardableResult
    public nonisolated(nonsending) func transaction<Output: Sendable>(
        attempts: Int = 1, _ body: (PostgresTransaction) async throws -> Output
    ) async throws -> Output {
        for _ in 1..<attempts {
            do {
                return try await transactionOnce(body)
            } catch let error as PostgresError where error.isRetryable {}
        }
        return try await transactionOnce(body)
    }

    private nonisolated(nonsending) func transactionOnce<Output: Sendable>(
        _ body: (PostgresTransaction) async throws -> Output
    ) async throws -> Output {
        let lease = try await core.lease()
        let transaction = PostgresTransaction(lease, endsLease: true)
        do {
            let output = try await body(transaction)
            if try await transaction.finish() == .unused { core.release(unused: lease) }
            return output
        } catch {
            if await transaction.abandon() == .unused { core.release(unused: lease) }
            throw error
        }
    }

    /// Lends one connection for as long as a closure runs.
    ///
    /// What the closure leaves open (a transaction, a COPY) is undone. Settings, temporary tables and session-level advisory locks that it
    /// made stay with the connection: end them before returning.
    ///
    /// - Throws: what the closure throws; ``PostgresError`` when no connection could be had.
    @discardableResult
    public nonisolated(nonsending) func withConnection<Output: Sendable>(
        _ body: (PostgresConnection) async throws -> Output
    ) async throws -> Output {
        let lease = try await core.lease()
        let connection = PostgresConnection(lease)
        do {
            let output = try await body(connection)
            await end(connection, lease)
            return output
        } catch {
            await end(connection, lease)
            throw error
        }
    }

    private nonisolated(nonsending) func end(_ connection: PostgresConnection, _ lease: Lease) async {
        guard connection.end() else { return core.release(unused: lease) }
        // The outcome does not matter: a session that is lost is replaced.
        _ = await lease.fly(.release, endsLease: true, isCancellable: false)
    }

    /// Closes all connections. Calls that wait get ``PostgresError/Code/poolClosed``; what is under way ends first, and this waits for it.
    public func close() async {
        core.beginClosing()
        await core.closed()
    }

    /// The pool's condition and counts.
    public var statistics: PostgresPoolStatistics { core.statistics }
}

extension Pipeline {
    /// One statement.
    init<each Value: PostgresEncodable>(_ statement: Statement, _ values: repeat each Value) {
        self.init()
        add(statement, repeat each values)
    }
}

extension [QueryResult] {
    /// The result of a pipeline of one statement.
    func only(of pipeline: Pipeline) throws(PostgresError) -> QueryResult {
        guard let first else {
            throw PostgresError(
                .connection, "protocol: a statement without a result",
                statementName: pipeline.steps.first?.statement.name, isKnownNotApplied: false)
        }
        return first
    }
}

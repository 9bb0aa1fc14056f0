internal import Synchronization

/// An open transaction; see ``PostgresPool/transaction(_:)``. Meant for one task at a time.
public final class PostgresTransaction: Sendable {
    private enum State {
        /// BEGIN has not been sent. Exits: `open`, `broken`, `ended`.
        case unused
        /// Exits: `ended`.
        case open
        /// BEGIN did not get through, so that another statement would run outside of the transaction. Exits: `ended`.
        case broken
        /// No exits.
        case ended
    }

    /// How a transaction ended.
    enum Ending {
        /// Nothing was sent, so the connection still belongs to whoever leased it.
        case unused
        case ended
    }

    private let lease: Lease
    /// Whether the last flight gives the connection back.
    private let endsLease: Bool
    private let state = Mutex(State.unused)

    init(_ lease: Lease, endsLease: Bool) {
        self.lease = lease
        self.endsLease = endsLease
    }

    /// Executes one statement. If the task is cancelled meanwhile, the server is asked to stop it.
    ///
    /// After a server error the transaction accepts nothing more and is rolled back at its end, even if the closure returns.
    @discardableResult
    public nonisolated(nonsending) func execute<each Value: PostgresEncodable>(
        _ statement: Statement, _ values: repeat each Value
    ) async throws(PostgresError) -> QueryResult {
        let pipeline = Pipeline(statement, repeat each values)
        return try await run(pipeline).only(of: pipeline)
    }

    /// Executes several statements in one round trip.
    @discardableResult
    public nonisolated(nonsending) func run(_ pipeline: Pipeline) async throws(PostgresError) -> [QueryResult] {
        let pipeline = try pipeline.checked()
        guard !pipeline.isEmpty else { return [] }
        return try await send(pipeline)
    }

    /// Runs SQL text with any number of statements, without parameters, inside the transaction; results come as text.
    @discardableResult
    public nonisolated(nonsending) func script(_ sql: String) async throws(PostgresError) -> [QueryResult] {
        try await beginNow()
        return try await lease.script(sql)
    }

    /// Copies rows into a table inside the transaction; see ``PostgresConnection/copyIn(table:columns:rows:)``.
    @discardableResult
    public nonisolated(nonsending) func copyIn<each Value: PostgresEncodable, Rows: Sequence>(
        table: String, columns: [String], rows: Rows
    ) async throws(PostgresError) -> Int where Rows.Element == (repeat each Value) {
        try await beginNow()
        return try await lease.copyIn(table: table, columns: columns, rows: rows)
    }

    /// Copies the values of one column inside the transaction; see ``PostgresConnection/copyIn(table:columns:rows:)``.
    @discardableResult
    public nonisolated(nonsending) func copyIn<Rows: Sequence>(
        table: String, column: String, values: Rows
    ) async throws(PostgresError) -> Int where Rows.Element: PostgresEncodable {
        try await beginNow()
        return try await lease.copyIn(table: table, column: column, values: values)
    }

    /// Sends the last statements and COMMIT in one round trip. The transaction is over afterwards, whatever the outcome.
    ///
    /// In a transaction of the pool's it ends even if the task is cancelled once it is under way, since it gives the connection back.
    ///
    /// - Throws: the error of a statement or of COMMIT. Then nothing has taken effect, unless
    ///   ``PostgresError/isKnownNotApplied`` is false.
    @discardableResult
    public nonisolated(nonsending) func commit(
        _ pipeline: Pipeline = Pipeline()
    ) async throws(PostgresError) -> [QueryResult] {
        let pipeline = try pipeline.checked()
        let begins = try begin()
        state.withLock { $0 = .ended }
        let outcome = await lease.fly(.pipeline(pipeline, begins: begins, commits: true), endsLease: endsLease)
        if case .failure = outcome, !endsLease {
            // A lease that goes on must not keep the failed transaction; if this fails too, the session is lost.
            _ = await lease.fly(.rollback, isCancellable: false)
        }
        return try outcome.get()
    }

    // MARK: Ends

    /// Commits if that has not happened yet.
    nonisolated(nonsending) func finish() async throws(PostgresError) -> Ending {
        switch state.withLock({ $0 }) {
        case .unused:
            state.withLock { $0 = .ended }
            return .unused
        case .ended: return .ended
        case .open, .broken:
            try await commit()
            return .ended
        }
    }

    /// Rolls back if there is something to roll back.
    nonisolated(nonsending) func abandon() async -> Ending {
        let before = state.withLock { state in
            defer { state = .ended }
            return state
        }
        switch before {
        case .unused: return .unused
        case .ended: return .ended
        case .open, .broken:
            // A session that cannot be rolled back is discarded by its thread.
            _ = await lease.fly(.rollback, endsLease: endsLease, isCancellable: false)
            return .ended
        }
    }

    // MARK: Details

    private nonisolated(nonsending) func send(_ pipeline: Pipeline) async throws(PostgresError) -> [QueryResult] {
        let begins = try begin()
        let outcome = await lease.fly(.pipeline(pipeline, begins: begins))
        if begins, case .failure = outcome {
            state.withLock { $0 = .broken }
        }
        return try outcome.get()
    }

    /// Sends BEGIN by itself, for work that does not fit into a pipeline.
    private nonisolated(nonsending) func beginNow() async throws(PostgresError) {
        if state.withLock({ $0 == .unused }) { _ = try await send(Pipeline()) } else { _ = try begin() }
    }

    /// Whether BEGIN has to go first.
    private func begin() throws(PostgresError) -> Bool {
        let before = state.withLock { state in
            defer { if state == .unused { state = .open } }
            return state
        }
        switch before {
        case .unused: return true
        case .open: return false
        case .broken: throw PostgresError(.leaseEnded, "the transaction had failed to begin")
        case .ended: throw PostgresError(.leaseEnded, "the transaction was used after its end")
        }
    }
}

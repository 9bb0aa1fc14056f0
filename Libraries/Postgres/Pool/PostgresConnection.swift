internal import Synchronization

/// A connection of one's own, for as long as ``PostgresPool/withConnection(_:)`` lends it.
///
/// Meant for one task at a time. If the session is lost, every later call throws ``PostgresError/Code/connection``: what it held (settings,
/// locks, temporary tables) is gone, so that going on with another session would be wrong.
public final class PostgresConnection: Sendable {
    private let lease: Lease
    private let wasUsed = Atomic<Bool>(false)
    private let isEnded = Atomic<Bool>(false)

    init(_ lease: Lease) {
        self.lease = lease
    }

    /// Version of the server, as libpq gives it: 150020 for 15.20.
    public var serverVersion: Int { lease.session.serverVersion }

    /// Executes one statement in a transaction of its own. If the task is cancelled meanwhile, the server is asked to stop it.
    @discardableResult
    public nonisolated(nonsending) func execute<each Value: PostgresEncodable>(
        _ statement: Statement, _ values: repeat each Value
    ) async throws(PostgresError) -> QueryResult {
        let pipeline = Pipeline(statement, repeat each values)
        return try await run(pipeline).only(of: pipeline)
    }

    /// Executes several statements in one round trip and one implicit transaction.
    @discardableResult
    public nonisolated(nonsending) func run(_ pipeline: Pipeline) async throws(PostgresError) -> [QueryResult] {
        let pipeline = try pipeline.checked()
        guard !pipeline.isEmpty else { return [] }
        return try await use().fly(.pipeline(pipeline)).get()
    }

    /// Runs a closure in a transaction on this connection; see ``PostgresPool/transaction(_:)``.
    @discardableResult
    public nonisolated(nonsending) func transaction<Output: Sendable>(
        _ body: (PostgresTransaction) async throws -> Output
    ) async throws -> Output {
        let transaction = PostgresTransaction(try use(), endsLease: false)
        do {
            let output = try await body(transaction)
            _ = try await transaction.finish()
            return output
        } catch {
            _ = await transaction.abandon()
            throw error
        }
    }

    /// Runs SQL text with any number of statements, without parameters; results come as text. Meant for migrations.
    ///
    /// All statements are one transaction unless the text holds transaction commands of its own.
    /// - Throws: the first error; statements behind it are not run.
    @discardableResult
    public nonisolated(nonsending) func script(_ sql: String) async throws(PostgresError) -> [QueryResult] {
        try await use().script(sql)
    }

    /// Copies rows into a table with binary COPY, which is the fastest way for many rows. Gives the number of rows.
    ///
    /// Rows are encoded and sent in chunks, so that a long sequence takes little memory. The Swift types must match the columns' types
    /// exactly (`Int32` for `integer`): COPY does not convert. All or none of the rows are stored.
    ///
    /// - Parameters:
    ///   - table: the table, as `name` or `schema.name`; quoted here.
    ///   - columns: the columns, in the order of a row's values; quoted here.
    ///   - rows: the rows, one tuple each.
    @discardableResult
    public nonisolated(nonsending) func copyIn<each Value: PostgresEncodable, Rows: Sequence>(
        table: String, columns: [String], rows: Rows
    ) async throws(PostgresError) -> Int where Rows.Element == (repeat each Value) {
        try await use().copyIn(table: table, columns: columns, rows: rows)
    }

    /// Copies the values of one column; see ``copyIn(table:columns:rows:)``.
    @discardableResult
    public nonisolated(nonsending) func copyIn<Rows: Sequence>(
        table: String, column: String, values: Rows
    ) async throws(PostgresError) -> Int where Rows.Element: PostgresEncodable {
        try await use().copyIn(table: table, column: column, values: values)
    }

    /// Ends the loan. Tells whether anything was done on the connection.
    func end() -> Bool {
        isEnded.store(true, ordering: .releasing)
        return wasUsed.load(ordering: .acquiring)
    }

    private func use() throws(PostgresError) -> Lease {
        guard !isEnded.load(ordering: .acquiring) else {
            throw PostgresError(.leaseEnded, "the connection was used after its closure had returned")
        }
        wasUsed.store(true, ordering: .releasing)
        return lease
    }
}

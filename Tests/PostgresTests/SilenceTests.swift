import Postgres
import TestServers
import Testing

/// What happens when the server says nothing.
@Suite("A server that hangs", .timeLimit(.minutes(2))) struct SilenceTests {
    private static let insert = Statement("insert", "INSERT INTO t VALUES ($1)")
    private static let soon: @Sendable (inout PostgresPool.Configuration) -> Void = {
        $0.maxConnections = 1
        $0.silenceTimeout = .milliseconds(200)
        $0.connectTimeout = .seconds(3)
        $0.acquireTimeout = .seconds(3)
    }

    @Test func callsEndAndTheServerIsUsedAgainWhenItGoesOn() async throws {
        let cluster = try await PostgresCluster()
        try await withPool(on: cluster, Self.soon) { pool in
            try await pool.script("CREATE TABLE t (a int8)")
            try cluster.suspend()
            defer { try? cluster.resume() }
            let error = try await postgresError { try await pool.execute(Self.insert, 1) }
            #expect(
                error?.code == .connection && error?.message.contains("stopped answering") == true, "\(error as Any)")
            // It may do what it was sent when it goes on.
            #expect(error?.isKnownNotApplied == false)
            let next = try await postgresError { try await pool.execute(Self.insert, 2) }
            #expect(next?.code == .acquireTimeout && next?.isKnownNotApplied == true, "\(next as Any)")
            try cluster.resume()
            while try await postgresError({ try await pool.execute(Self.insert, 3) }) != nil {}
            let stored = try await pool.value([Int].self, "SELECT array_agg(a) FROM t")
            #expect(stored.contains(3) && !stored.contains(2))
        }
        await cluster.remove()
    }

    /// So is that of a task that is cancelled: the request to stop its statement gets no answer either.
    @Test(arguments: [false, true])
    func aTransactionThatHangsIsKnownToBeUndone(isCancelled: Bool) async throws {
        let cluster = try await PostgresCluster()
        try await withPool(on: cluster, Self.soon) { pool in
            try await pool.script("CREATE TABLE t (a int8)")
            defer { try? cluster.resume() }
            let error = try await postgresError {
                try await pool.transaction { transaction in
                    try await transaction.execute(Self.insert, 1)
                    try cluster.suspend()
                    let sent = pool.statistics.statementsExecuted
                    let task = Task { try await transaction.execute(Self.insert, 2).count }
                    while pool.statistics.statementsExecuted == sent { await Task.yield() }
                    if isCancelled { task.cancel() }
                    _ = try await task.value
                }
            }
            #expect(error?.code == .connection && error?.isKnownNotApplied == true, "\(error as Any)")
        }
        await cluster.remove()
    }

    @Test func aStatementThatOnlyTakesLongGoesOn() async throws {
        try await withPool({
            Self.soon(&$0)
            // The answer that the server is alive may take as long as on a machine that is busy.
            $0.connectTimeout = .seconds(60)
        }) { pool in
            // Five times as long as the silence after which the server is asked.
            let answer = try await pool.value(Int32.self, "SELECT 7 FROM pg_sleep(1)")
            #expect(answer == 7)
            #expect(pool.statistics.reconnects == 0)
        }
    }

    /// One session alone hangs, so that the server answers, and no time-out of its own can end the statement.
    @Test func aSessionThatHangsIsGivenUpAfterTheTimeOutsOfItsStatements() async throws {
        let cluster = try await PostgresCluster()
        try await withPool(
            on: cluster,
            {
                Self.soon(&$0)
                $0.statementTimeout = .seconds(1)
                $0.acquireTimeout = .seconds(60)
            }
        ) { pool in
            let session = try await pool.value(Int32.self, "SELECT pg_backend_pid()")
            try cluster.suspend(session: session)
            defer { try? cluster.resume() }
            let error = try await postgresError { try await pool.execute(Statement("one", "SELECT 1")) }
            #expect(
                error?.code == .connection && error?.message.contains("given up by itself") == true, "\(error as Any)")
            #expect(try await pool.value(Int32.self, "SELECT pg_backend_pid()") != session)
        }
        await cluster.remove()
    }
}

import Postgres
import TestServers
import Testing

/// What happens when connections break or the server goes away.
@Suite("Loss of connections") struct LossTests {
    private static let suicide = Statement("suicide", "SELECT pg_terminate_backend(pg_backend_pid())")
    private static let insert = Statement("insert", "INSERT INTO t VALUES ($1)")

    @Test func aConnectionLostInTheMiddleOfAPipelineUndoesIt() async throws {
        try await withPool({ $0.maxConnections = 1 }) { pool in
            try await pool.script("CREATE TABLE t (a int8)")
            var pipeline = Pipeline()
            pipeline.add(Self.insert, 1)
            pipeline.add(Self.suicide)
            pipeline.add(Self.insert, 2)
            let error = try await postgresError { try await pool.run(pipeline) }
            #expect(error?.code == .connection)
            #expect(error?.sqlState == "57P01")
            #expect(error?.isKnownNotApplied == true)
            #expect(error?.isRetryable == true)
            #expect(try await pool.value(Int.self, "SELECT count(*) FROM t") == 0)
            #expect(pool.statistics.reconnects == 1)
        }
    }

    @Test func aSessionEndedFromOutsideWhileIdleIsReplacedUnnoticed() async throws {
        try await withPool({ $0.maxConnections = 1 }) { pool in
            let session = try await pool.value(Int32.self, "SELECT pg_backend_pid()")
            let cluster = try await PostgresCluster.shared()
            let other = PostgresPool(
                configuration: .init(connectionString: cluster.connectionString()), logger: .silent)
            #expect(try await other.value(Bool.self, "SELECT pg_terminate_backend($1, 60000)", session))
            while pool.statistics.reconnects == 0 { await Task.yield() }
            #expect(try await pool.value(Int32.self, "SELECT pg_backend_pid()") != session)
            await other.close()
        }
    }

    @Test func aLeaseDoesNotGoOnWithAnotherSession() async throws {
        try await withPool({ $0.maxConnections = 1 }) { pool in
            try await pool.script("CREATE TABLE t (a int8)")
            let error = try await postgresError {
                try await pool.transaction { transaction in
                    try await transaction.execute(Self.insert, 1)
                    let lost = try await postgresError { try await transaction.execute(Self.suicide) }
                    #expect(lost?.code == .connection)
                    #expect(lost?.isKnownNotApplied == true)
                    // Would be a transaction of its own on a new session.
                    try await transaction.execute(Self.insert, 2)
                }
            }
            #expect(error?.code == .connection)
            #expect(error?.isKnownNotApplied == true)
            #expect(try await pool.value(Int.self, "SELECT count(*) FROM t") == 0)
        }
    }

    @Test func waitersOutliveARestartOfTheServer() async throws {
        let cluster = try await PostgresCluster()
        try await withPool(on: cluster, { ($0.maxConnections, $0.acquireTimeout) = (4, .seconds(60)) }) { pool in
            try await pool.script("CREATE TABLE t (a int8)")
            try await cluster.stop()
            let writers = (0..<50).map { number in
                Task { try await pool.execute(Self.insert, number).affectedRows }
            }
            while pool.statistics.waiters < 50 { await Task.yield() }
            try await cluster.start()
            for writer in writers { #expect(try await writer.value == 1) }
            #expect(try await pool.value(Int.self, "SELECT count(*) FROM t") == 50)
        }
        await cluster.remove()
    }

    @Test func aServerKilledUnderLoadLosesNothingThatWasConfirmed() async throws {
        let cluster = try await PostgresCluster(settings: ["synchronous_commit": "on"])
        try await withPool(on: cluster, { ($0.maxConnections, $0.acquireTimeout) = (4, .seconds(60)) }) { pool in
            try await pool.script("CREATE TABLE t (a int8)")
            let writers = (0..<8).map { writer in
                Task {
                    var confirmed: [Int] = []
                    var unknown = 0
                    for number in 0..<200 {
                        let value = writer * 1000 + number
                        let error = try await postgresError { try await pool.execute(Self.insert, value) }
                        switch error {
                        case nil: confirmed.append(value)
                        case .some(let error):
                            #expect(error.code == .connection)
                            if !error.isKnownNotApplied { unknown += 1 }
                        }
                    }
                    return (confirmed, unknown)
                }
            }
            while pool.statistics.statementsExecuted < 200 { await Task.yield() }
            try cluster.kill()
            try await startAfterKill(cluster)
            var confirmed: [Int] = []
            var unknown = 0
            for writer in writers {
                let (mine, lost) = try await writer.value
                confirmed += mine
                unknown += lost
            }
            let stored = try await pool.value([Int].self, "SELECT array_agg(a) FROM t")
            #expect(Set(confirmed).isSubset(of: stored))
            #expect(stored.count <= confirmed.count + unknown)
            #expect(Set(stored).count == stored.count)
        }
        await cluster.remove()
    }

    /// The killed server's children must be gone before another server can start.
    private func startAfterKill(_ cluster: PostgresCluster) async throws {
        var failure: (any Error)?
        for _ in 0..<50 {
            do {
                return try await cluster.start()
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
    }
}

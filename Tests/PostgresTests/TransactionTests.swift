import Postgres
import Synchronization
import Testing

@Suite("Transactions") struct TransactionTests {
    private struct Refusal: Error {}
    private static let insert = Statement("insert", "INSERT INTO t VALUES ($1)")

    private func withTable(_ body: (PostgresPool) async throws -> Void) async throws {
        try await withPool({ $0.maxConnections = 2 }) { pool in
            try await pool.script("CREATE TABLE t (a int8 PRIMARY KEY)")
            try await body(pool)
            #expect(pool.statistics.reconnects == 0)
            #expect(try await pool.value(Bool.self, "SELECT pg_current_xact_id_if_assigned() IS NULL"))
        }
    }

    /// Cancels a statement of a connection of its own; returns when the server has stopped it.
    private func cancelSleep(_ pool: PostgresPool) async throws {
        let task = Task {
            // Nobody waits for its end: it is under way until it is stopped.
            try await pool.withConnection { try await $0.execute(Statement("sleep", "SELECT pg_sleep(60)")).count }
        }
        let sleeping =
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()"
        while try await pool.value(Int.self, sleeping) == 0 {}
        task.cancel()
        #expect(try await postgresError { _ = try await task.value }?.code == .cancelled)
    }

    private func count(_ pool: PostgresPool) async throws -> Int {
        try await pool.value(Int.self, "SELECT count(*) FROM t")
    }

    @Test func whatTheClosureDidIsCommitted() async throws {
        try await withTable { pool async throws in
            let before = pool.statistics.roundTrips
            let rows = try await pool.transaction { transaction async throws in
                try await transaction.execute(Self.insert, 1)
                #expect(try await count(pool) == 0)
                return try await transaction.execute(Self.insert, 2).affectedRows
            }
            #expect(rows == 1)
            #expect(pool.statistics.roundTrips == before + 4)  // BEGIN and first, count, second, COMMIT
            #expect(try await count(pool) == 2)
        }
    }

    @Test func lastStatementsAndCommitShareARoundTrip() async throws {
        try await withTable { pool async throws in
            let before = pool.statistics.roundTrips
            try await pool.transaction { transaction async throws in
                var pipeline = Pipeline()
                pipeline.add(Self.insert, 1)
                pipeline.add(Self.insert, 2)
                let results = try await transaction.commit(pipeline)
                #expect(results.map(\.affectedRows) == [1, 1])
                let error = try await postgresError { try await transaction.execute(Self.insert, 3) }
                #expect(error?.code == .leaseEnded)
            }
            #expect(pool.statistics.roundTrips == before + 1)
            #expect(try await count(pool) == 2)
        }
    }

    @Test func anErrorOfTheClosureRollsBack() async throws {
        try await withTable { pool async throws in
            await #expect(throws: Refusal.self) {
                try await pool.transaction { transaction async throws in
                    try await transaction.execute(Self.insert, 1)
                    throw Refusal()
                }
            }
            #expect(try await count(pool) == 0)
        }
    }

    @Test func anErrorOfTheServerRollsBack() async throws {
        try await withTable { pool async throws in
            let error = try await postgresError {
                try await pool.transaction { transaction async throws in
                    try await transaction.execute(Self.insert, 1)
                    try await transaction.execute(Self.insert, 1)
                }
            }
            #expect(error?.sqlState == "23505")
            #expect(try await count(pool) == 0)
        }
    }

    @Test func anErrorThatTheClosureSwallowsIsReportedAtCommit() async throws {
        try await withTable { pool async throws in
            let error = try await postgresError {
                try await pool.transaction { transaction async throws in
                    try await transaction.execute(Self.insert, 1)
                    _ = try await postgresError { try await transaction.execute(Self.insert, 1) }
                }
            }
            #expect(error?.sqlState == "25P02")
            #expect(error?.isKnownNotApplied == true)
            #expect(try await count(pool) == 0)
        }
    }

    @Test func aTransactionThatFailedToBeginTakesNothingMore() async throws {
        try await withTable { pool async throws in
            let error = try await postgresError {
                try await pool.transaction { transaction async throws in
                    _ = try await postgresError { try await transaction.execute(Statement("bad", "SELEKT")) }
                    try await transaction.execute(Self.insert, 1)
                }
            }
            #expect(error?.code == .leaseEnded)
            #expect(try await count(pool) == 0)
        }
    }

    @Test func anErrorInTheLastFlightRollsBack() async throws {
        try await withTable { pool async throws in
            let error = try await postgresError {
                try await pool.transaction { transaction async throws in
                    try await transaction.execute(Self.insert, 1)
                    var pipeline = Pipeline()
                    pipeline.add(Self.insert, 1)
                    try await transaction.commit(pipeline)
                }
            }
            #expect(error?.sqlState == "23505")
            #expect(try await count(pool) == 0)
        }
    }

    @Test func anUnusedTransactionSendsNothing() async throws {
        try await withTable { pool async throws in
            let before = pool.statistics.roundTrips
            try await pool.transaction { _ in }
            #expect(pool.statistics.roundTrips == before)
            #expect(pool.statistics.idle == pool.statistics.connections)
        }
    }

    @Test func aCancelledTaskStopsItsStatementAndRollsBack() async throws {
        try await withTable { pool async throws in
            let task = Task {
                try await pool.transaction { transaction async throws in
                    try await transaction.execute(Self.insert, 1)
                    try await transaction.execute(Statement("sleep", "SELECT pg_sleep(60)"))
                }
            }
            let sleeping =
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()"
            while try await pool.value(Int.self, sleeping) == 0 {}
            task.cancel()
            let error = try await postgresError { _ = try await task.value }
            #expect(error?.code == .cancelled)
            #expect(error?.statementName == "sleep")
            #expect(try await count(pool) == 0)
        }
    }

    @Test func aTaskCancelledBeforeCommitRollsBack() async throws {
        try await withTable { pool async throws in
            let task = Task {
                try await pool.transaction { transaction async throws in
                    try await transaction.execute(Self.insert, 1)
                    withUnsafeCurrentTask { $0?.cancel() }
                }
            }
            #expect(try await postgresError { _ = try await task.value }?.code == .cancelled)
            #expect(try await count(pool) == 0)
        }
    }

    /// Asking the server to stop it could stop the next caller's statement instead: the connection is given back with the COMMIT.
    @Test func aCommitUnderWayEndsEvenIfItsTaskIsCancelled() async throws {
        try await withPool({ $0.maxConnections = 4 }) { pool in
            try await pool.script("CREATE TABLE t (a int8 PRIMARY KEY)")
            try await pool.withConnection { holder in
                try await holder.script("BEGIN; LOCK TABLE t")
                let task = Task {
                    try await pool.transaction { transaction async throws in
                        var pipeline = Pipeline()
                        pipeline.add(Self.insert, 1)
                        return try await transaction.commit(pipeline).map(\.affectedRows)
                    }
                }
                try await waitUntilBlocked(pool)
                task.cancel()
                // Had the server been asked to stop the commit, it would have been before it is asked to stop these.
                for _ in 0..<5 { try await cancelSleep(pool) }
                try await holder.script("COMMIT")
                #expect(try await task.value == [1])
            }
            #expect(try await count(pool) == 1)
        }
    }

    @Test func transactionsFollowEachOtherOnOneConnection() async throws {
        try await withTable { pool async throws in
            try await pool.withConnection { connection in
                try await connection.transaction { try await $0.execute(Self.insert, 1) }
                let error = try await postgresError {
                    try await connection.transaction { transaction async throws in
                        var pipeline = Pipeline()
                        pipeline.add(Self.insert, 1)
                        try await transaction.commit(pipeline)
                    }
                }
                #expect(error?.sqlState == "23505")
                try await connection.transaction { try await $0.execute(Self.insert, 2) }
                #expect(try await connection.execute(Statement("count", "SELECT FROM t")).count == 2)
            }
        }
    }

    @Test(arguments: [("40P01", 3), ("23505", 1)])
    func whatMaySucceedIsRunAgainAsOftenAsAsked(sqlState: String, runs: Int) async throws {
        try await withTable { pool async throws in
            let counter = Mutex(0)
            let error = try await postgresError {
                try await pool.transaction(attempts: 3) { transaction async throws in
                    counter.withLock { $0 += 1 }
                    try await transaction.execute(Self.insert, 1)
                    try await transaction.script("do $$ begin raise 'no' using errcode = '\(sqlState)'; end $$")
                }
            }
            #expect(error?.sqlState == sqlState && counter.withLock { $0 } == runs)
            counter.withLock { $0 = 0 }
            try await pool.transaction(attempts: 3) { transaction async throws in
                try await transaction.execute(Self.insert, 1)
                let isFirst = counter.withLock { number in
                    number += 1
                    return number == 1
                }
                if isFirst { try await transaction.script("do $$ begin raise 'no' using errcode = '40001'; end $$") }
            }
            #expect(try await pool.execute(Statement("count", "SELECT FROM t")).count == 1)
        }
    }

    @Test func serializationFailuresAreRetryable() async throws {
        try await withTable { pool async throws in
            try await pool.script("INSERT INTO t VALUES (1)")
            let error = try await postgresError {
                try await pool.transaction { transaction async throws in
                    try await transaction.execute(
                        Statement("serializable", "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
                    try await transaction.execute(Statement("read", "SELECT * FROM t"))
                    try await pool.execute(Statement("interfere", "UPDATE t SET a = 5"))
                    try await transaction.execute(Statement("update", "UPDATE t SET a = 6"))
                }
            }
            #expect(error?.sqlState == "40001")
            #expect(error?.isRetryable == true)
        }
    }
}

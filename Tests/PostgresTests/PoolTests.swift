import Foundation
import Logging
import Postgres
import Synchronization
import TestServers
import Testing

@Suite("Pool") struct PoolTests {
    @Test func aThousandTasksShareFourConnections() async throws {
        try await withPool({ $0.maxConnections = 4 }) { pool in
            let statement = Statement("square", "SELECT $1::int8 * $1, pg_backend_pid()")
            let sessions = try await withThrowingTaskGroup(of: Int32.self) { group in
                for number in 0..<1000 {
                    group.addTask {
                        let (square, session) = try await pool.execute(statement, number)[0].decode((Int, Int32).self)
                        #expect(square == number * number)
                        return session
                    }
                }
                return try await group.reduce(into: Set<Int32>()) { $0.insert($1) }
            }
            #expect(sessions.count <= 4)
            // A connection may still be on its way, for a task that another one has served.
            var statistics = pool.statistics
            while statistics.idle < statistics.connections {
                await Task.yield()
                statistics = pool.statistics
            }
            #expect(statistics.connections <= 4)
            #expect(statistics.idle == statistics.connections)
            #expect(pool.statistics.statementsExecuted == 1000)
            #expect(pool.statistics.roundTrips == 1000)
        }
    }

    @Test func aThousandTransactionsShareFourConnections() async throws {
        try await withPool({ $0.maxConnections = 4 }) { pool in
            try await pool.script("CREATE TABLE t (a int8)")
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<1000 {
                    group.addTask {
                        _ = try await pool.transaction { transaction in
                            try await transaction.execute(Statement("insert", "INSERT INTO t VALUES ($1)"), number)
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await pool.value(Int.self, "SELECT count(DISTINCT a) FROM t") == 1000)
        }
    }

    /// More callers wait for the server than there are threads for tasks. If each held one, nobody could open the lock, and the server
    /// would end them by its time-out.
    @Test(.timeLimit(.minutes(1))) func whoeverWaitsForTheServerHoldsNoThreadOfTheTasks() async throws {
        let callers = ProcessInfo.processInfo.activeProcessorCount + 2
        try await withPool({
            $0.maxConnections = callers + 2
            $0.statementTimeout = .seconds(20)
        }) { pool in
            let blocked = """
                SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = database
                WHERE NOT granted AND datname = current_database()
                """
            let locked = Statement("lock", "SELECT pg_advisory_lock_shared(4)")
            let unlocked = Statement("unlock", "SELECT pg_advisory_unlock(4)")
            try await pool.withConnection { holder in
                try await holder.execute(Statement("hold", "SELECT pg_advisory_lock(4)"))
                let waiting = (0..<callers).map { _ in Task { try await pool.execute(locked).count } }
                while try await pool.value(Int.self, blocked) < callers { await Task.yield() }
                try await holder.execute(unlocked)
                for task in waiting { #expect(try await task.value == 1) }
            }
        }
    }

    @Test func connectionsAreOpenedWhenTheyAreNeeded() async throws {
        try await withPool({ $0.maxConnections = 8 }) { pool in
            #expect(pool.statistics.connections == 0)
            for _ in 0..<5 { try await pool.execute(Statement("one", "SELECT 1")) }
            #expect(pool.statistics.connections == 1)
        }
    }

    @Test func anExhaustedPoolSaysHowLongAndHowLarge() async throws {
        try await withPool({ ($0.maxConnections, $0.acquireTimeout) = (2, .milliseconds(200)) }) { pool in
            // To connect may take longer than the time-out.
            while pool.statistics.connections < 2 {
                _ = try await postgresError {
                    try await pool.withConnection { _ in try await pool.withConnection { _ in } }
                }
            }
            try await pool.withConnection { first in
                try await pool.withConnection { second in
                    let error = try await postgresError { try await pool.execute(Statement("one", "SELECT 1")) }
                    #expect(error?.code == .acquireTimeout)
                    #expect(error?.message.contains("0.2 seconds") == true)
                    #expect(error?.message.contains("pool of 2") == true)
                    #expect(error?.isRetryable == true)
                    let lease = try await postgresError { try await pool.withConnection { _ in } }
                    #expect(lease?.code == .acquireTimeout)
                }
            }
            #expect(try await pool.value(Int32.self, "SELECT 1") == 1)
            #expect(pool.statistics.waiters == 0)
        }
    }

    @Test func oneWaiterTooManyIsRefusedAtOnce() async throws {
        try await withPool({ ($0.maxConnections, $0.waitersMax) = (1, 1) }) { pool in
            let isServed =
                try await pool.withConnection { _ in
                    let waiting = Task { try await pool.value(Int32.self, "SELECT 7") }
                    while pool.statistics.waiters == 0 { await Task.yield() }
                    let error = try await postgresError { try await pool.execute(Statement("one", "SELECT 1")) }
                    #expect(error?.code == .tooManyWaiters)
                    // The lease goes back, and the one who waits gets his turn.
                    return waiting
                }.value == 7
            #expect(isServed)
        }
    }

    @Test func aWaiterThatIsCancelledLeavesTheQueue() async throws {
        try await withPool({ $0.maxConnections = 1 }) { pool in
            try await pool.withConnection { connection in
                let waiters = [
                    Task { try await pool.execute(Statement("one", "SELECT 1")) as QueryResult? },
                    Task { try await pool.withConnection { _ in nil } },
                ]
                while pool.statistics.waiters < 2 { await Task.yield() }
                for waiter in waiters { waiter.cancel() }
                for waiter in waiters {
                    let error = try await postgresError { _ = try await waiter.value }
                    #expect(error?.code == .cancelled)
                }
                #expect(pool.statistics.waiters == 0)
                try await connection.execute(Statement("one", "SELECT 1"))
            }
        }
    }

    @Test func aTaskThatIsCancelledAlreadySendsNothing() async throws {
        try await withPool { pool in
            let task = Task {
                withUnsafeCurrentTask { $0?.cancel() }
                try await pool.execute(Statement("one", "SELECT 1"))
            }
            let error = try await postgresError { _ = try await task.value }
            #expect(error?.code == .cancelled)
            #expect(pool.statistics.roundTrips == 0)
        }
    }

    @Test func aFlightUnderWayEndsEvenIfItsTaskIsCancelled() async throws {
        try await withPool { pool in
            try await pool.script("CREATE TABLE t (a int8)")
            try await pool.withConnection { holder in
                try await holder.script("BEGIN; LOCK TABLE t")
                let task = Task { try await pool.execute(Statement("insert", "INSERT INTO t VALUES (1)")).affectedRows }
                try await waitUntilBlocked(pool)
                task.cancel()
                try await holder.script("COMMIT")
                #expect(try await task.value == 1)
            }
        }
    }

    @Test func closingLetsWorkEndAndRefusesTheRest() async throws {
        let cluster = try await PostgresCluster.shared()
        let configuration = PostgresPool.Configuration(connectionString: cluster.connectionString())
        let pool = PostgresPool(configuration: configuration, logger: .silent)
        let (leased, leasing) = AsyncStream<Void>.makeStream()
        let (released, releasing) = AsyncStream<Void>.makeStream()
        let holder = Task {
            try await pool.withConnection { connection in
                leasing.finish()
                for await _ in released {}
                return try await connection.execute(Statement("one", "SELECT 1")).count
            }
        }
        for await _ in leased {}
        async let closed: Void = pool.close()
        while true {
            let error = try await postgresError { try await pool.execute(Statement("one", "SELECT 1")) }
            if error?.code == .poolClosed { break }
        }
        releasing.finish()
        #expect(try await holder.value == 1)
        await closed
        #expect(pool.statistics.connections == 0)
        await pool.close()
    }

    @Test func aDatabaseThatDoesNotExistIsNamedWhenTheWaitIsOver() async throws {
        let cluster = try await PostgresCluster.shared()
        var configuration = PostgresPool.Configuration(connectionString: cluster.connectionString(database: "nowhere"))
        configuration.acquireTimeout = .milliseconds(200)
        let pool = PostgresPool(configuration: configuration, logger: .silent)
        var message = ""
        // The first attempt to connect may take longer than the first wait.
        while !message.contains("database \"nowhere\" does not exist") {
            let error = try await postgresError { try await pool.execute(Statement("one", "SELECT 1")) }
            #expect(error?.code == .acquireTimeout)
            message = error?.message ?? ""
        }
        await pool.close()
    }

    @Test func sessionsHaveTheConfiguredSettings() async throws {
        try await withPool({
            $0.applicationName = "weir tests"
            $0.statementTimeout = .seconds(7)
            $0.sessionSettings = ["search_path": "\"a b\", \"c\\d\"", "work_mem": "5MB"]
        }) { pool in
            let expected = [
                "application_name": "weir tests", "statement_timeout": "7s", "work_mem": "5MB",
                "idle_in_transaction_session_timeout": "1min", "search_path": "\"a b\", \"c\\d\"",
                "client_encoding": "UTF8",
            ]
            for (name, value) in expected {
                let actual = try await pool.value(String.self, "SELECT current_setting($1)", name)
                #expect(actual == value, "\(name)")
            }
        }
    }

    @Test func aPoolThatIsDroppedClosesItsConnections() async throws {
        let cluster = try await PostgresCluster.shared()
        try await cluster.withDatabase { connectionString in
            var configuration = PostgresPool.Configuration(connectionString: connectionString)
            configuration.applicationName = "dropped"
            var pool: PostgresPool? = PostgresPool(configuration: configuration, logger: .silent)
            try await pool?.execute(Statement("one", "SELECT 1"))
            pool = nil
            configuration.applicationName = "observer"
            let observer = PostgresPool(configuration: configuration, logger: .silent)
            let count = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'dropped'"
            while try await observer.value(Int.self, count) > 0 {}
            await observer.close()
        }
    }
}

/// Waits until some session of the pool's database waits for a lock.
func waitUntilBlocked(_ pool: PostgresPool) async throws {
    let sql = """
        SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = database
        WHERE NOT granted AND datname = current_database()
        """
    while try await pool.value(Int.self, sql) == 0 { await Task.yield() }
}

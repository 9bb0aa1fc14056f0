import Foundation
import Postgres
import Testing

@Suite("Exclusive connections") struct ConnectionTests {
    @Test func scriptsRunManyStatementsAndGiveText() async throws {
        try await withPool { pool in
            try await pool.withConnection { connection in
                let results = try await connection.script(
                    "CREATE TABLE t (a int8); INSERT INTO t VALUES (1), (2); SELECT a, 'x;y' FROM t ORDER BY a")
                #expect(results.map(\.affectedRows) == [0, 2, 2])
                let (number, text) = try results[2][1].decode((String, String).self)
                #expect(number == "2" && text == "x;y")
                let mismatch = try await postgresError { _ = try results[2][1].decode(Int.self, at: 0) }
                #expect(mismatch?.code == .decoding)
                #expect(connection.serverVersion >= 140_000)
                #expect(try await connection.execute(Statement("one", "SELECT 1")).count == 1)
            }
        }
    }

    @Test func aScriptThatFailsLeavesNothing() async throws {
        try await withPool { pool in
            try await pool.withConnection { connection in
                let error = try await postgresError {
                    try await connection.script("CREATE TABLE t (a int8); SELECT 1/0; CREATE TABLE u (a int8)")
                }
                #expect(error?.sqlState == "22012")
                let tables = try await connection.execute(
                    Statement("tables", "SELECT FROM pg_class WHERE relname IN ('t', 'u')"))
                #expect(tables.isEmpty)
            }
        }
    }

    @Test func whatAClosureLeavesOpenIsUndone() async throws {
        try await withPool({ $0.maxConnections = 1 }) { pool in
            try await pool.script("CREATE TABLE t (a int8)")
            try await pool.withConnection { try await $0.script("BEGIN; INSERT INTO t VALUES (1)") }
            #expect(try await pool.value(Int.self, "SELECT count(*) FROM t") == 0)
            #expect(pool.statistics.reconnects == 0)
        }
    }

    @Test func aConnectionEndsWithItsClosure() async throws {
        try await withPool { pool in
            let connection = try await pool.withConnection { $0 }
            let error = try await postgresError { try await connection.execute(Statement("one", "SELECT 1")) }
            #expect(error?.code == .leaseEnded)
        }
    }

    @Test func aCancelledTaskStopsItsStatementAndSparesTheNext() async throws {
        try await withPool { pool in
            try await pool.withConnection { connection in
                let sleeping =
                    "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()"
                for _ in 0..<20 {
                    // Nobody waits for its end: it is under way until it is stopped.
                    let task = Task { try await connection.execute(Statement("sleep", "SELECT pg_sleep(60)")) }
                    while try await pool.value(Int.self, sleeping) == 0 {}
                    task.cancel()
                    let error = try await postgresError { _ = try await task.value }
                    #expect(error?.code == .cancelled && error?.sqlState == "57014")
                    // The server had the request before the task went on, so that nothing of it is left for this one.
                    #expect(try await connection.execute(Statement("one", "SELECT 1")).count == 1)
                }
            }
        }
    }

    @Test func statementTimeoutsEndAtTheServer() async throws {
        // Long enough for every other statement, also on a machine that is busy.
        try await withPool({ $0.statementTimeout = .seconds(2) }) { pool in
            let error = try await postgresError { try await pool.execute(Statement("sleep", "SELECT pg_sleep(60)")) }
            #expect(error?.sqlState == "57014")
            #expect(error?.message.contains("statement timeout") == true)
            #expect(error?.statementName == "sleep")
            #expect(try await pool.value(Int32.self, "SELECT 1") == 1)
        }
    }

    // MARK: COPY

    private static let createPerson = "CREATE TABLE \"per son\" (id uuid, name text, age int4, tags text[])"

    @Test func copyStoresRowsOfEveryKind() async throws {
        try await withPool { pool in
            try await pool.script(Self.createPerson)
            // Enough for several chunks.
            let rows = (0..<20_000).map { number in
                (UUID(), "name \(number) ü", number % 7 == 0 ? Int32?.none : Int32(number), ["a", "b\(number)"])
            }
            let count = try await pool.withConnection { connection in
                try await connection.copyIn(
                    table: "public.per son", columns: ["id", "name", "age", "tags"], rows: rows)
            }
            #expect(count == 20_000)
            let sql = "SELECT count(*), count(age), sum(age), count(DISTINCT id) FROM \"per son\" WHERE tags[1] = 'a'"
            let row = try await pool.execute(Statement("sums", sql))[0].decode((Int, Int, Int, Int).self)
            let ages = rows.compactMap { $0.2.map(Int.init) }
            #expect(row == (20_000, ages.count, ages.reduce(0, +), 20_000))
        }
    }

    @Test func copyOfNoRowsAndOfOneColumnWorks() async throws {
        try await withPool { pool in
            try await pool.script("CREATE TABLE t (a int8)")
            try await pool.withConnection { connection in
                let none = try await connection.copyIn(table: "t", column: "a", values: [Int]())
                let thousand = try await connection.copyIn(table: "t", column: "a", values: 1...1000)
                #expect((none, thousand) == (0, 1000))
            }
            #expect(try await pool.value(Int.self, "SELECT sum(a)::int8 FROM t") == 500_500)
        }
    }

    @Test func copyRunsInsideATransaction() async throws {
        try await withPool({ $0.maxConnections = 1 }) { pool in
            try await pool.script("CREATE TABLE t (a int8)")
            struct Refusal: Error {}
            await #expect(throws: Refusal.self) {
                try await pool.transaction { transaction in
                    #expect(try await transaction.copyIn(table: "t", column: "a", values: [1, 2]) == 2)
                    throw Refusal()
                }
            }
            try await pool.transaction { transaction in
                try await transaction.copyIn(table: "t", column: "a", values: [3])
                try await transaction.script("UPDATE t SET a = a + 1; UPDATE t SET a = a * 2")
                try await transaction.commit()
            }
            #expect(try await pool.value(Int.self, "SELECT sum(a)::int8 FROM t") == 8)
        }
    }

    @Test func aFailingCopyStoresNothingAndSparesTheConnection() async throws {
        try await withPool({ $0.maxConnections = 1 }) { pool in
            try await pool.script("CREATE TABLE t (a int8 CHECK (a < 10), b text)")
            try await pool.withConnection { connection in
                func copy(_ table: String, _ columns: [String], _ rows: [(Int, String)]) async throws -> PostgresError?
                {
                    try await postgresError { try await connection.copyIn(table: table, columns: columns, rows: rows) }
                }
                #expect(try await copy("t", ["a", "b"], [(1, "x"), (11, "x")])?.constraint == "t_a_check")
                #expect(try await copy("t", ["a", "c"], [(1, "x")])?.sqlState == "42703")
                #expect(try await copy("u", ["a", "b"], [(1, "x")])?.sqlState == "42P01")
                #expect(try await copy("t", ["a", "b"], [(1, "x"), (2, "\0")])?.code == .invalidParameter)
                #expect(try await copy("t", ["a"], [(1, "x")])?.code == .invalidParameter)
                #expect(try await copy("t", ["b", "a"], [(1, "x")])?.code == .server)
                let rest = try await connection.execute(Statement("all", "SELECT FROM t"))
                #expect(rest.isEmpty)
            }
            #expect(pool.statistics.reconnects == 0)
        }
    }

    @Test func copyInAScriptIsRefusedAndTheSessionGivenUp() async throws {
        try await withPool({ $0.maxConnections = 1 }) { pool in
            try await pool.script("CREATE TABLE t (a int8)")
            try await pool.withConnection { connection in
                let error = try await postgresError { try await connection.script("COPY t FROM STDIN") }
                #expect(error?.code == .unsupported)
                let next = try await postgresError { try await connection.script("SELECT 1") }
                #expect(next?.code == .connection)
                #expect(next?.isKnownNotApplied == true)
            }
            #expect(try await pool.value(Int.self, "SELECT count(*) FROM t") == 0)
        }
    }
}

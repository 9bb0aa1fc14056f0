import Postgres
import Testing

@Suite("Prepared statements") struct PreparedStatementTests {
    private static let prepared = Statement(
        "prepared", "SELECT count(*) FROM pg_prepared_statements WHERE name LIKE 'weir_%'")

    @Test func aStatementIsPreparedOncePerConnection() async throws {
        try await withPool({ $0.maxConnections = 1 }) { pool in
            for number in 0..<5 {
                #expect(try await pool.value(Int.self, "SELECT $1::int8", number) == number)
            }
            let names = try await pool.execute(
                Statement("names", "SELECT name FROM pg_prepared_statements WHERE statement = 'SELECT $1::int8'"))
            #expect(names.count == 1)
            #expect(try names[0].decode(String.self, at: 0).hasPrefix("weir_test_"))
        }
    }

    @Test func theSameTextWithOtherTypesIsAnotherStatement() async throws {
        try await withPool({ $0.maxConnections = 1 }) { pool async throws in
            #expect(try await pool.value(String.self, "SELECT pg_typeof($1)::text", 1) == "bigint")
            #expect(try await pool.value(String.self, "SELECT pg_typeof($1)::text", "a") == "text")
        }
    }

    @Test func theLeastRecentlyUsedAreDeallocated() async throws {
        try await withPool({ ($0.maxConnections, $0.statementCacheMax) = (1, 4) }) { pool async throws in
            for number in 0..<20 {
                #expect(try await pool.value(Int.self, "SELECT \(number)::int8") == number)
            }
            #expect(try await pool.execute(Self.prepared)[0].decode(Int.self, at: 0) <= 5)
            var pipeline = Pipeline()
            for number in 0..<10 { pipeline.add(Statement("many", "SELECT \(number)::int8 + 0")) }
            #expect(try await pool.run(pipeline).count == 10)
            #expect(try await pool.execute(Self.prepared)[0].decode(Int.self, at: 0) <= 5)
        }
    }

    @Test func withoutACacheNothingIsPrepared() async throws {
        try await withPool({ ($0.maxConnections, $0.statementCacheMax) = (1, 0) }) { pool in
            var pipeline = Pipeline()
            for number in 0..<3 { pipeline.add(Statement("plain", "SELECT $1::int8"), number) }
            let results = try await pool.run(pipeline)
            let values = try results.map { try $0[0].decode(Int.self, at: 0) }
            #expect(values == [0, 1, 2])
            #expect(try await pool.execute(Self.prepared)[0].decode(Int.self, at: 0) == 0)
        }
    }

    @Test func aPlanThatNoLongerFitsIsMadeAnewUnnoticed() async throws {
        try await withPool({ $0.maxConnections = 1 }) { pool in
            try await pool.script("CREATE TABLE t (a int8); INSERT INTO t VALUES (1)")
            let statement = Statement("t.all", "SELECT * FROM t")
            #expect(try await pool.execute(statement).columnNames == ["a"])
            try await pool.script("ALTER TABLE t ADD b text")
            #expect(try await pool.execute(statement).columnNames == ["a", "b"])
        }
    }

    @Test func statementsThatTheSessionLostArePreparedAgain() async throws {
        try await withPool({ $0.maxConnections = 1 }) { pool in
            #expect(try await pool.value(Int.self, "SELECT $1::int8", 1) == 1)
            try await pool.script("DISCARD ALL")
            #expect(try await pool.value(Int.self, "SELECT $1::int8", 2) == 2)
        }
    }

    @Test func insideATransactionAnOutdatedPlanIsARetryableError() async throws {
        try await withPool({ $0.maxConnections = 1 }) { pool in
            try await pool.script("CREATE TABLE t (a int8)")
            let statement = Statement("t.all", "SELECT * FROM t")
            try await pool.execute(statement)
            try await pool.script("ALTER TABLE t ADD b text")
            let error = try await postgresError {
                _ = try await pool.transaction { try await $0.execute(statement) }
            }
            #expect(error?.sqlState == "0A000")
            #expect(error?.isRetryable == true)
            let columns = try await pool.transaction { try await $0.execute(statement).columnNames }
            #expect(columns == ["a", "b"])
        }
    }
}

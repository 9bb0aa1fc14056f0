import Postgres
import Testing

@Suite("Pipelines") struct PipelineTests {
    @Test func resultsComeInOrderInOneRoundTrip() async throws {
        try await withPool { pool in
            try await pool.script("CREATE TABLE t (a int8 PRIMARY KEY)")
            let before = pool.statistics
            var pipeline = Pipeline()
            pipeline.add(Statement("insert", "INSERT INTO t SELECT unnest($1::int8[])"), [1, 2, 3])
            pipeline.add(Statement("update", "UPDATE t SET a = a + 10 WHERE a > $1"), 1)
            pipeline.add(Statement("select", "SELECT a FROM t ORDER BY a"))
            pipeline.add(Statement("update", "UPDATE t SET a = a + 10 WHERE a > $1"), 100)
            let results = try await pool.run(pipeline)
            #expect(results.map(\.affectedRows) == [3, 2, 3, 0])
            let values = try results[2].map { try $0.decode(Int.self, at: 0) }
            #expect(values == [1, 12, 13])
            #expect(results[2].columnNames == ["a"])
            #expect(pool.statistics.roundTrips == before.roundTrips + 1)
            #expect(pool.statistics.statementsExecuted == before.statementsExecuted + 4)
        }
    }

    @Test func anErrorUndoesAllStatementsAndNamesItsOwn() async throws {
        try await withPool({ $0.maxConnections = 1 }) { pool in
            try await pool.script("CREATE TABLE t (a int8 PRIMARY KEY)")
            var pipeline = Pipeline()
            pipeline.add(Statement("first", "INSERT INTO t VALUES ($1)"), 1)
            pipeline.add(Statement("second", "INSERT INTO t VALUES ($1)"), 1)
            pipeline.add(Statement("third", "INSERT INTO t VALUES ($1)"), 3)
            let error = try await postgresError { try await pool.run(pipeline) }
            #expect(error?.sqlState == "23505")
            #expect(error?.statementName == "second")
            #expect(error?.isKnownNotApplied == true)
            #expect(try await pool.value(Int.self, "SELECT count(*) FROM t") == 0)
        }
    }

    @Test func anErrorWhilePreparingNamesTheStatementAndSparesTheConnection() async throws {
        try await withPool({ $0.maxConnections = 1 }) { pool in
            var pipeline = Pipeline()
            pipeline.add(Statement("good", "SELECT 1"))
            pipeline.add(Statement("bad", "SELEKT 1"))
            for _ in 0..<3 {
                let error = try await postgresError { try await pool.run(pipeline) }
                #expect(error?.sqlState == "42601")
                #expect(error?.statementName == "bad")
            }
            #expect(try await pool.value(Int32.self, "SELECT 1") == 1)
            #expect(pool.statistics.reconnects == 0)
        }
    }

    @Test func deferredConstraintsFailAtTheSync() async throws {
        try await withPool { pool in
            try await pool.script("CREATE TABLE t (a int8 UNIQUE DEFERRABLE INITIALLY DEFERRED)")
            var pipeline = Pipeline()
            pipeline.add(Statement("one", "INSERT INTO t VALUES (1)"))
            pipeline.add(Statement("two", "INSERT INTO t VALUES (1)"))
            let error = try await postgresError { try await pool.run(pipeline) }
            #expect(error?.sqlState == "23505")
            #expect(try await pool.value(Int.self, "SELECT count(*) FROM t") == 0)
        }
    }

    @Test func anEmptyPipelineDoesNothing() async throws {
        try await withPool { pool in
            let results = try await pool.run(Pipeline())
            #expect(results.isEmpty)
            #expect(pool.statistics.connections == 0)
        }
    }

    @Test func largeValuesInBothDirectionsDoNotBlockEachOther() async throws {
        try await withPool { pool in
            let megabytes = 8 * 1024 * 1024
            let bytes = Bytea([UInt8](repeating: 0xA5, count: megabytes))
            let text = String(repeating: "ü", count: megabytes / 2)
            var pipeline = Pipeline()
            // Answers of 8 MB come back while the next 8 MB are still being sent.
            for _ in 0..<3 {
                pipeline.add(Statement("bytes", "SELECT $1::bytea"), bytes)
                pipeline.add(Statement("text", "SELECT $1::text"), text)
            }
            let results = try await pool.run(pipeline)
            for (index, result) in results.enumerated() {
                if index % 2 == 0 {
                    #expect(try result[0].decode(Bytea.self, at: 0) == bytes)
                } else {
                    #expect(try result[0].decode(String.self, at: 0) == text)
                }
            }
        }
    }

    @Test func manyStatementsInOnePipelineDoNotBlockEachOther() async throws {
        try await withPool { pool in
            let statement = Statement("repeat", "SELECT repeat('x', $1::int4)")
            var pipeline = Pipeline()
            for _ in 0..<2000 { pipeline.add(statement, Int32(5000)) }
            let results = try await pool.run(pipeline)
            #expect(results.count == 2000)
            #expect(results.allSatisfy { $0[0].withBytes(at: 0) { $0.count } == 5000 })
        }
    }
}

import Postgres
import Synchronization
import Testing

@Suite("Errors") struct ErrorTests {
    @Test func whatTheServerRefusesIsToldToWhoeverAsked() async throws {
        let told = Mutex<[String]>([])
        try await withPool { configuration in
            configuration.maxConnections = 1
            configuration.onRefusedStatement = { error in
                told.withLock { $0.append("\(error.statementName ?? "-") \(error.sqlState ?? "-")") }
            }
        } _: { pool in
            let divide = Statement("test.divide", "SELECT 1 / $1::int4")
            try await pool.execute(divide, Int32(1))
            _ = try await postgresError { try await pool.execute(divide, Int32(0)) }
            _ = try await postgresError {
                _ = try await pool.transaction {
                    try await $0.execute(Statement("test.missing", "SELECT * FROM missing"))
                }
            }
            _ = try await postgresError { try await pool.script("SELECT 1; SELECT 1 / 0") }
            // Never sent: the server has refused nothing.
            _ = try await postgresError { try await pool.execute(Statement("test.nul", "SELECT $1::text"), "\0") }
        }
        #expect(told.withLock { $0 } == ["test.divide 22012", "test.missing 42P01", "script 22012"])
    }

    @Test func constraintErrorsKeepTheirFieldsAndHideValues() async throws {
        try await withPool { pool in
            try await pool.script(
                "CREATE SCHEMA s; CREATE TABLE s.person (email text CONSTRAINT email_unique UNIQUE, age int4 NOT NULL)")
            let insert = Statement("person.insert", "INSERT INTO s.person VALUES ($1, $2)")
            try await pool.execute(insert, "secret@example.com", Int32(1))
            let error = try #require(
                try await postgresError { try await pool.execute(insert, "secret@example.com", Int32(1)) })
            #expect(error.code == .server)
            #expect(error.sqlState == "23505")
            #expect(error.severity == "ERROR")
            #expect(error.schema == "s")
            #expect(error.table == "person")
            #expect(error.constraint == "email_unique")
            #expect(error.statementName == "person.insert")
            #expect(error.detail?.contains("secret@example.com") == true)
            #expect(error.isKnownNotApplied)
            #expect(!error.isRetryable)
            var dumped = ""
            dump(error, to: &dumped)
            dump(Result<Int, PostgresError>.failure(error), to: &dumped)
            for text in ["\(error)", String(describing: error), String(reflecting: error), "\([error])", dumped] {
                #expect(!text.contains("secret"))
            }
            #expect("\(error)".contains("person.insert"))
            #expect("\(error)".contains("email_unique"))
            let missing = try await postgresError { try await pool.execute(insert, "other@example.com", Int32?.none) }
            #expect(missing?.column == "age")
        }
    }

    @Test func valuesQuotedInMessagesAreHiddenInDescriptions() async throws {
        try await withPool { pool in
            for (sql, type) in [
                ("SELECT $1::text::int4", "integer"), ("SELECT $1::text::uuid", "uuid"),
                ("SELECT $1::text::jsonb", "json"),
                ("SELECT $1::text::timestamptz", "time"),
            ] {
                let error = try await postgresError {
                    _ = try await pool.value(Int32.self, sql, "hunter2 \"quoted\" hunter2")
                }
                let found = try #require(error)
                #expect(found.sqlState?.hasPrefix("22") == true)
                #expect(!"\(found)".contains("hunter2"), "\(type)")
            }
        }
    }

    @Test func hintsAndRaisedCodesComeThrough() async throws {
        try await withPool { pool in
            let error = try await postgresError {
                try await pool.script(
                    "DO $$ BEGIN RAISE 'no' USING ERRCODE = 'WE001', HINT = 'try yes', DETAIL = 'd' ; END $$")
            }
            #expect(error?.sqlState == "WE001")
            #expect(error?.hint == "try yes")
            #expect(error?.detail == "d")
        }
    }

    @Test func codesPrintTheirNames() {
        #expect(PostgresError.Code.acquireTimeout.description == "acquireTimeout")
        #expect(PostgresError.Code.server != .connection)
    }
}

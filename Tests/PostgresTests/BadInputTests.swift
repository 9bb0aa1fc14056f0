import Postgres
import Testing

@Suite("Bad input") struct BadInputTests {
    @Test func nulInTextIsRefusedBeforeAnythingIsSent() async throws {
        try await withPool { pool in
            let before = pool.statistics.roundTrips
            var pipeline = Pipeline()
            pipeline.add(Statement("fine", "SELECT 1"))
            pipeline.add(Statement("person.insert", "SELECT $1::int8, $2::text"), 1, "secret\0value")
            let error = try await postgresError { try await pool.run(pipeline) }
            #expect(error?.code == .invalidParameter)
            #expect(error?.statementName == "person.insert")
            #expect(error?.message.contains("$2") == true)
            #expect(error?.description.contains("secret") == false)
            #expect(pool.statistics.roundTrips == before)
        }
    }

    @Test func nulIsFoundInArraysAndJSONToo() async throws {
        try await withPool { pool in
            let array = try await postgresError {
                _ = try await pool.value(Int.self, "SELECT $1::text[]", ["a", "b\0"])
            }
            #expect(array?.code == .invalidParameter)
            let json = try await postgresError {
                _ = try await pool.value(Int.self, "SELECT $1::jsonb", JSONB([34, 0, 34]))
            }
            #expect(json?.code == .invalidParameter)
        }
    }

    @Test func invalidUTF8IsTheServersError() async throws {
        try await withPool { pool in
            let error = try await postgresError {
                _ = try await pool.value(Int.self, "SELECT $1::text", RawText(bytes: [0xC3, 0x28]))
            }
            #expect(error?.code == .server)
            #expect(error?.sqlState == "22021")
            #expect(error?.statementName == "test")
            #expect(try await pool.value(Int.self, "SELECT 1::int8") == 1)
        }
    }

    @Test func poisonInsideJSONIsTheServersError() async throws {
        try await withPool { pool in
            for json in [#""\u0000""#, #""\ud800""#, "1e400000", "{", "\u{FEFF}1"] {
                let error = try await postgresError {
                    _ = try await pool.value(JSONB.self, "SELECT $1::jsonb", JSONB(json))
                }
                #expect(error?.code == .server, "\(json)")
                #expect(error?.sqlState?.hasPrefix("22") == true, "\(json)")
                #expect(error?.isRetryable == false)
            }
        }
    }

    @Test func wrongNumberOfParametersIsTheServersError() async throws {
        try await withPool { pool in
            let error = try await postgresError { _ = try await pool.value(Int.self, "SELECT $1::int8 + $2::int8", 1) }
            #expect(error?.code == .server)
            #expect(try await pool.value(Int.self, "SELECT 1::int8") == 1)
        }
    }

    @Test func copyInsideAPipelineIsRefusedAndTheConnectionReplaced() async throws {
        try await withPool({ $0.maxConnections = 1 }) { pool in
            try await pool.script("CREATE TABLE t (a int8)")
            for sql in ["COPY t FROM STDIN", "COPY t TO STDOUT"] {
                let error = try await postgresError { try await pool.execute(Statement("copying", sql)) }
                #expect(error?.code == .unsupported)
                #expect(error?.statementName == "copying")
            }
            #expect(try await pool.value(Int.self, "SELECT 1::int8") == 1)
        }
    }

    @Test func aConnectionStringThatCannotBeParsedIsNotQuoted() async throws {
        let configuration = PostgresPool.Configuration(connectionString: "host=x password=hunter2 sesame")
        let pool = PostgresPool(configuration: configuration, logger: .silent)
        let error = try await postgresError { try await pool.execute(Statement("one", "SELECT 1")) }
        #expect(error?.code == .invalidParameter)
        #expect(error.map { "\($0) \($0.message)".contains("sesame") } == false)
        await pool.close()
    }
}

/// Bytes that claim to be text.
private struct RawText: PostgresEncodable {
    let bytes: [UInt8]
    static var postgresType: PostgresType { .text }
    func encode(into encoder: inout PostgresEncoder) { bytes.withUnsafeBytes { encoder.write($0) } }
}

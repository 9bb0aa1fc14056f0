import Foundation
import Postgres
import Testing

@Suite("Types") struct TypeTests {
    /// Sends a value, has the server hold it against its own spelling, and reads it back.
    private func expectRoundTrip<Value: PostgresEncodable & PostgresDecodable & Equatable>(
        _ cases: [(Value, String)], type: String
    ) async throws {
        try await withSharedDatabase { pool in
            for (value, literal) in cases {
                let sql = "SELECT $1::\(type), $1::\(type) IS NOT DISTINCT FROM \(literal)::\(type)"
                let result = try await pool.execute(Statement("roundtrip", sql), value)
                let (back, isSame) = try result[0].decode((Value, Bool).self)
                #expect(back == value)
                #expect(isSame, "\(value) is not \(literal) to the server")
            }
        }
    }

    @Test func booleansRoundTrip() async throws {
        try await expectRoundTrip([(true, "'t'"), (false, "'f'")], type: "boolean")
    }

    @Test func integersRoundTripAtTheirLimits() async throws {
        try await expectRoundTrip([(Int16.min, "'-32768'"), (0, "0"), (.max, "32767")], type: "smallint")
        try await expectRoundTrip([(Int32.min, "'-2147483648'"), (-1, "'-1'"), (.max, "2147483647")], type: "integer")
        let limits: [(Int64, String)] = [(.min, "'-9223372036854775808'"), (.max, "'9223372036854775807'")]
        try await expectRoundTrip(limits, type: "bigint")
        try await expectRoundTrip([(Int.min, "'-9223372036854775808'"), (7, "7")], type: "bigint")
    }

    @Test func doublesRoundTripWithInfinitiesAndNaN() async throws {
        try await expectRoundTrip(
            [
                (0.1, "0.1"), (-0.0, "'-0'"), (.infinity, "'Infinity'"), (-.infinity, "'-Infinity'"),
                (.greatestFiniteMagnitude, "'1.7976931348623157e308'"), (.leastNonzeroMagnitude, "'5e-324'"),
            ], type: "double precision")
        try await withSharedDatabase { pool async throws in
            #expect(try await pool.value(Double.self, "SELECT $1::float8", Double.nan).isNaN)
        }
    }

    @Test func textRoundTripsWithEveryKindOfCharacter() async throws {
        try await expectRoundTrip(
            [("", "''"), ("äöü €", "'äöü €'"), ("👩‍👩‍👧", "'👩‍👩‍👧'"), ("it's \\ \"q\"\n", "E'it\\'s \\\\ \"q\"\\n'")],
            type: "text")
    }

    @Test func bytesRoundTripIncludingNoneAndAll() async throws {
        let all = Bytea([UInt8](0...255))
        let hex = all.bytes.map { String(format: "%02x", $0) }.joined()
        try await expectRoundTrip([(Bytea([]), "''"), (Bytea([0]), "'\\x00'"), (all, "'\\x\(hex)'")], type: "bytea")
    }

    @Test func uuidsRoundTrip() async throws {
        let uuid = UUID()
        try await expectRoundTrip([(uuid, "'\(uuid.uuidString)'")], type: "uuid")
    }

    @Test func instantsKeepMicrosecondsAndInfinities() async throws {
        let precise = Date(timeIntervalSinceReferenceDate: 800_000_000.123456)
        try await withSharedDatabase { pool in
            let text = try await pool.value(
                String.self, "SELECT to_char($1::timestamptz AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')", precise)
            #expect(text == "2026-05-09 06:13:20.123456")
            let sql = "SELECT $1::timestamptz"
            let back = try await pool.value(Date.self, sql, precise)
            #expect(abs(back.timeIntervalSince(precise)) < 0.000_000_5)
            #expect(try await pool.value(Date.self, sql, back) == back)
            let before2000 = try await pool.value(Date.self, "SELECT '1969-12-31 23:59:59.999999Z'::timestamptz")
            #expect(abs(before2000.timeIntervalSince1970 + 0.000_001) < 0.000_000_5)
        }
        try await expectRoundTrip(
            [
                (Date(timeIntervalSince1970: 0), "'1970-01-01Z'"),
                (Date(timeIntervalSinceReferenceDate: 0), "'2001-01-01Z'"),
                (Date(timeIntervalSinceReferenceDate: .infinity), "'infinity'"),
                (Date(timeIntervalSinceReferenceDate: -.infinity), "'-infinity'"),
            ], type: "timestamptz")
    }

    @Test(arguments: [Double.nan, 1e18, -1e18])
    func instantsThatTheServerCannotHoldAreRefusedBeforehand(seconds: Double) async throws {
        try await withSharedDatabase { pool in
            let error = try await postgresError {
                _ = try await pool.value(
                    Date.self, "SELECT $1::timestamptz", Date(timeIntervalSinceReferenceDate: seconds))
            }
            #expect(error?.code == .invalidParameter)
        }
    }

    @Test func durationsRoundTripAsIntervals() async throws {
        try await expectRoundTrip(
            [
                (Duration.zero, "'0'"), (.seconds(90), "'1 min 30 s'"), (.microseconds(-1), "'-0.000001 s'"),
                (.seconds(86_400 * 40), "'960 hours'"),
            ], type: "interval")
        try await withSharedDatabase { pool in
            #expect(try await pool.value(Duration.self, "SELECT interval '2 days 1 s'") == .seconds(172_801))
            let error = try await postgresError {
                _ = try await pool.value(Duration.self, "SELECT interval '1 month'")
            }
            #expect(error?.code == .decoding)
        }
    }

    @Test func jsonRoundTrips() async throws {
        try await withSharedDatabase { pool async throws in
            let json = JSONB(#"{"a": [1, "ü", null]}"#)
            #expect(try await pool.value(JSONB.self, "SELECT $1::jsonb", json) == json)
            #expect(try await pool.value(String.self, "SELECT $1::jsonb", json) == #"{"a": [1, "ü", null]}"#)
            #expect(try await pool.value(JSONB.self, #"SELECT '{"b":1}'::json"#) == JSONB(#"{"b":1}"#))
            #expect(try await pool.value(Int32.self, "SELECT ($1::jsonb -> 'a' ->> 0)::int", json) == 1)
        }
    }

    @Test func nullsRoundTripInOptionals() async throws {
        try await withSharedDatabase { pool in
            let result = try await pool.execute(
                Statement("nulls", "SELECT $1::int4, $2::text, $3::uuid, $4::int8[], $5::timestamptz"),
                Int32?.none, String?.none, UUID?.none, [Int64]?.none, Date?.none)
            let row = try result[0].decode((Int32?, String?, UUID?, [Int64]?, Date?).self)
            #expect(row == (nil, nil, nil, nil, nil))
        }
    }

    @Test func widerIntegersReadNarrowerColumns() async throws {
        try await withSharedDatabase { pool in
            let sql = "SELECT 1::int2, 2::int4, 3::int8, 4::oid, 5::int2, 1.5::float4"
            let result = try await pool.execute(Statement("widen", sql))
            let row = try result[0].decode((Int, Int64, Int, Int64, Int32, Double).self)
            #expect(row == (1, 2, 3, 4, 5, 1.5))
        }
    }

    @Test func identifiersAndEnumsConformByTheirRawValue() async throws {
        try await withPool { pool in
            try await pool.script("CREATE TYPE mood AS ENUM ('sad', 'happy')")
            let id = RunID(rawValue: UUID())
            let result = try await pool.execute(
                Statement("raw", "SELECT $1::uuid, $2::mood, $3::uuid[]"), id, Mood.happy, [id, id])
            let (first, mood, list) = try result[0].decode((RunID, Mood, [RunID]).self)
            #expect(first == id)
            #expect(mood == .happy)
            #expect(list == [id, id])
            let error = try await postgresError { _ = try await pool.value(Mood.self, "SELECT 'angry'::text") }
            #expect(error?.code == .decoding)
        }
    }

    @Test func mismatchedTypesNameColumnAndStatement() async throws {
        try await withSharedDatabase { pool in
            let result = try await pool.execute(Statement("person.find", "SELECT 1::int4 AS age, NULL::text AS name"))
            let row = result[0]
            let mismatch = try await postgresError { _ = try row.decode(String.self, at: 0) }
            #expect(mismatch?.code == .decoding)
            #expect(mismatch?.column == "age")
            #expect(mismatch?.statementName == "person.find")
            #expect(try await postgresError { _ = try row.decode(String.self, named: "name") }?.column == "name")
            #expect(try await postgresError { _ = try row.decode(Int32.self, named: "size") }?.code == .decoding)
            #expect(try await postgresError { _ = try row.decode(Int32.self, at: 2) }?.code == .decoding)
            #expect(try await postgresError { _ = try row.decode((Int32, String?, Int32).self) }?.code == .decoding)
            #expect(try row.decode(Int32.self, named: "age") == 1)
        }
    }

    @Test func bytesAreLentWithoutCopies() async throws {
        try await withSharedDatabase { pool in
            let row = try await pool.execute(Statement("bytes", "SELECT 'abc'::text, NULL::text"))[0]
            #expect(row.withBytes(at: 0) { Array($0) } == Array("abc".utf8))
            #expect(row.withBytes(at: 1) { $0.count } == nil)
        }
    }
}

private struct RunID: RawRepresentable, Hashable, PostgresEncodable, PostgresDecodable {
    let rawValue: UUID
}

private enum Mood: String, PostgresEncodable, PostgresDecodable {
    case sad, happy
    static var postgresType: PostgresType { .unspecified }
}

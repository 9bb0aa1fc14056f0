import Foundation
import Postgres
import Testing

@Suite("Arrays") struct ArrayTests {
    private func expectRoundTrip<Value: PostgresEncodable & PostgresDecodable & Equatable>(
        _ values: [Value], type: String
    ) async throws {
        try await withSharedDatabase { pool in
            let optionals: [Value?] = values.map(Optional.some) + [nil]
            let statement = Statement(
                "arrays", "SELECT $1::\(type)[], $2::\(type)[], $3::\(type)[], cardinality($1), cardinality($3)")
            let result = try await pool.execute(statement, values, optionals, [Value]())
            let (all, withNull, none, count, zero) = try result[0].decode(
                ([Value], [Value?], [Value], Int32, Int32).self)
            #expect(all == values)
            #expect(withNull == optionals)
            #expect(none.isEmpty)
            #expect(count == Int32(values.count))
            #expect(zero == 0)
        }
    }

    @Test func arraysOfEveryTypeRoundTrip() async throws {
        try await expectRoundTrip([true, false], type: "bool")
        try await expectRoundTrip([Int16.min, 0, .max], type: "int2")
        try await expectRoundTrip([Int32.min, 0, .max], type: "int4")
        try await expectRoundTrip([Int64.min, 0, .max], type: "int8")
        try await expectRoundTrip([Int.min, 0, .max], type: "int8")
        try await expectRoundTrip([0.5, -.infinity], type: "float8")
        try await expectRoundTrip(["", "a,b{}\"", "NULL", "ü"], type: "text")
        try await expectRoundTrip([Bytea([]), Bytea([0, 255])], type: "bytea")
        try await expectRoundTrip([UUID(), UUID()], type: "uuid")
        try await expectRoundTrip([Date(timeIntervalSinceReferenceDate: 0)], type: "timestamptz")
        try await expectRoundTrip([Duration.seconds(1)], type: "interval")
        try await expectRoundTrip(
            [PostgresDecimal("1.50"), PostgresDecimal("NaN")].compactMap(\.self), type: "numeric")
        try await expectRoundTrip([JSONB("[1]"), JSONB("null")], type: "jsonb")
    }

    @Test func unnestTakesBatches() async throws {
        try await withSharedDatabase { pool in
            let ids = (0..<1000).map { _ in UUID() }
            let names: [String?] = (0..<1000).map { $0 % 3 == 0 ? nil : "name \($0)" }
            let result = try await pool.execute(
                Statement("batch", "SELECT * FROM unnest($1::uuid[], $2::text[]) WITH ORDINALITY"), ids, names)
            #expect(result.count == 1000)
            for (index, row) in result.enumerated() {
                let (id, name, position) = try row.decode((UUID, String?, Int).self)
                #expect(id == ids[index] && name == names[index] && position == index + 1)
            }
        }
    }

    @Test func whatIsNoArrayOfOneDimensionIsAnError() async throws {
        try await withSharedDatabase { pool in
            for sql in [
                "SELECT '{{1,2},{3,4}}'::int8[]", "SELECT 1::int8", "SELECT ARRAY['a']", "SELECT '{1,NULL}'::int8[]",
            ] {
                let error = try await postgresError { _ = try await pool.value([Int64].self, sql) }
                #expect(error?.code == .decoding, "\(sql)")
            }
            let nested = try await postgresError { _ = try await pool.value(Int.self, "SELECT $1", [[1], [2]]) }
            #expect(nested?.code == .invalidParameter)
        }
    }
}

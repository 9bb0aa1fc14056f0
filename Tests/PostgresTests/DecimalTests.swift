import Postgres
import Testing

@Suite("Decimals") struct DecimalTests {
    static let numbers = [
        "0", "1", "-1", "10000", "9999", "12345678901234567890", "0.1", "-0.5", "1.50", "0.0001", "0.00001", "0.00",
        "100000000.00000001", "99999999.9999", "1000000000000000000000000000000", "0.000000000000000000001",
        "123.4500", "-99990000.00010000", "NaN", "Infinity", "-Infinity",
    ]

    @Test(arguments: numbers) func textSurvives(text: String) throws {
        #expect(try #require(PostgresDecimal(text)).description == text)
    }

    @Test func theServerAgreesOnEveryDigit() async throws {
        try await withSharedDatabase { pool in
            for text in Self.numbers {
                let decimal = try #require(PostgresDecimal(text))
                let result = try await pool.execute(Statement("decimal", "SELECT $1::numeric, $1::text"), decimal)
                let (back, spelling) = try result[0].decode((PostgresDecimal, String).self)
                #expect(back.description == text)
                #expect(spelling == text)
            }
            let long = String(repeating: "7", count: 131_072) + "." + String(repeating: "3", count: 16_383)
            let decimal = try #require(PostgresDecimal(long))
            #expect(try await pool.value(String.self, "SELECT $1::numeric::text", decimal) == long)
            #expect(try await pool.value(PostgresDecimal.self, "SELECT $1::text::numeric", long).description == long)
        }
    }

    @Test func exponentsMoveThePoint() throws {
        let cases = [
            "1e3": "1000", "1.5E+2": "150", "12e-3": "0.012", ".5": "0.5", "5.": "5", "+7": "7", "-0": "0",
            "1e-8": "0.00000001",
            "123456e-5": "1.23456", "0012.5": "12.5",
        ]
        for (text, expected) in cases {
            #expect(try #require(PostgresDecimal(text)).description == expected)
        }
    }

    @Test(arguments: [
        "", "-", ".", "e5", "1e", "1.2.3", "abc", "1 ", "0x10", "1e999999", "1e-20000", "--1", "1e200000",
    ])
    func otherTextIsRefused(text: String) {
        #expect(PostgresDecimal(text) == nil)
    }

    @Test func equalityIsByValue() {
        #expect(PostgresDecimal("1.50") == PostgresDecimal("1.5"))
        #expect(PostgresDecimal("1e4") == PostgresDecimal(10_000))
        #expect(PostgresDecimal("-0.0") == PostgresDecimal(0))
        #expect(PostgresDecimal("1") != PostgresDecimal("-1"))
        #expect(PostgresDecimal("1") != PostgresDecimal("10000"))
        #expect(PostgresDecimal(Int64.min).description == "-9223372036854775808")
        #expect(Set([PostgresDecimal("2.0"), PostgresDecimal("2")]).count == 1)
    }
}

import Factors
import JSON
import Testing

@Suite("Holding values against a factor")
struct FactorEvaluationTests {
    private func outcome(
        _ found: JSONValue?, _ comparison: FactorOperator, _ value: JSONValue, type: FactorType = .option
    ) throws -> FactorOutcome {
        try Factor(key: "f", objectType: "company", datapoint: "d", type: type, comparison: comparison, value: value)
            .evaluate(found)
    }

    struct Case: Sendable {
        let found: JSONValue?
        let comparison: FactorOperator
        let value: JSONValue
        let outcome: FactorOutcome
        var type = FactorType.option

        init(
            _ found: JSONValue?, _ comparison: FactorOperator, _ value: JSONValue, _ outcome: FactorOutcome,
            type: FactorType = .option
        ) {
            (self.found, self.comparison, self.value, self.outcome, self.type) = (
                found, comparison, value, outcome, type
            )
        }
    }

    /// A number in a spelling of its own.
    private static func number(_ text: String) -> JSONValue { JSONNumber(text).map { .number($0) } ?? .null }

    static let cases = [
        Case(100, .greaterEqual, 100, .passed), Case(99, .greaterEqual, 100, .failed),
        Case(100, .greaterThan, 100, .failed), Case(101, .greaterThan, 100, .passed),
        Case(99, .lessThan, 100, .passed), Case(100, .lessThan, 100, .failed),
        Case(100, .lessEqual, 100, .passed), Case(101, .lessEqual, 100, .failed),
        Case(number("1.0"), .equals, 1, .passed),
        Case(number("9007199254740993"), .greaterThan, number("9007199254740992"), .passed),
        Case(number("1e2"), .between, [100, 500], .passed),
        Case(500, .between, [100, 500], .passed), Case(501, .between, [100, 500], .failed),
        Case("IT", .equals, "IT", .passed), Case("it", .equals, "IT", .failed), Case("it", .notEquals, "IT", .passed),
        Case("retail", .in, ["IT", "retail"], .passed), Case("farming", .in, ["IT", "retail"], .failed),
        Case("we do AI", .contains, "AI", .passed), Case("we do not", .contains, "AI", .failed),
        Case(["a", "b"], .contains, "b", .passed), Case(["a"], .contains, "b", .failed),
        Case([], .contains, "b", .failed),
        Case([1, 2], .contains, 2, .passed),
        Case(true, .equals, true, .passed), Case(false, .equals, true, .failed), Case(false, .notEquals, true, .passed),
        // Nothing to say.
        Case(nil, .equals, "IT", .unknown), Case(.null, .equals, "IT", .unknown), Case(nil, .notEquals, "IT", .unknown),
        Case("many", .greaterThan, 100, .unknown), Case("100", .equals, 100, .unknown),
        Case("many", .notEquals, 100, .unknown), Case([1], .equals, 1, .unknown), Case(7, .contains, "7", .unknown),
        Case([1], .contains, "1", .unknown),
        // Times, as exactly as both are given.
        Case("2021-03-01", .greaterThan, "2020", .passed, type: .time),
        Case("2020-03-01", .greaterThan, "2020", .failed, type: .time),
        Case("2020-03-01", .greaterEqual, "2020", .passed, type: .time),
        Case("2019-12-31T23:00:00Z", .lessThan, "2020-01", .passed, type: .time),
        Case(2021, .greaterThan, "2020", .passed, type: .time),
        Case("last year", .greaterThan, "2020", .unknown, type: .time),
    ]

    @Test(arguments: cases)
    func compares(_ example: Case) throws {
        #expect(
            try outcome(example.found, example.comparison, example.value, type: example.type) == example.outcome,
            "\(example)")
    }

    static let misfits: [(FactorOperator, JSONValue)] = [
        (FactorOperator.in, JSONValue.array([])), (.in, "IT"), (.between, [1]), (.between, [5, 1]),
        (.between, ["a", "b"]),
        (.between, [1, "b"]), (.equals, ""), (.equals, .null), (.equals, [1]), (.greaterThan, "100"),
        (.greaterThan, true),
        (.contains, true), (.equals, .string(String(repeating: "x", count: 1001))),
        (.in, .array(Array(repeating: "x", count: 101))),
    ]

    @Test func aTimeToCompareWithIsInUTCAsValuesAre() throws {
        #expect(throws: FactorError.self) {
            try outcome("2020-06-01T08:30:00Z", .greaterThan, "2020-06-01T10:00:00+02:00", type: .time)
        }
        #expect(try outcome("2020-06-01T08:30:00Z", .greaterThan, "2020-06-01T08:00:00+00:00", type: .time) == .passed)
    }

    @Test(arguments: misfits)
    func refusesAValueThatDoesNotFitTheOperator(comparison: FactorOperator, value: JSONValue) {
        #expect(throws: FactorError.self) { try outcome(1, comparison, value) }
    }
}

import Factors
import JSON
import Testing

@Suite("Combining factors")
struct FactorExpressionTests {
    private func evaluate(_ json: JSONValue, _ outcomes: [String: FactorOutcome]) throws -> FactorOutcome {
        try FactorExpression(json).evaluate { outcomes[$0] ?? .unknown }
    }

    @Test func aListAsksForAllOfThem() throws {
        #expect(try evaluate(["a", "b"], ["a": .passed, "b": .passed]) == .passed)
        #expect(try evaluate(["a", "b"], ["a": .passed, "b": .failed]) == .failed)
        #expect(try evaluate(["a", "b"], ["a": .passed]) == .unknown)
        #expect(try evaluate(["a", "b"], ["a": .failed]) == .failed, "what else is unknown changes nothing")
    }

    @Test func anyAsksForOne() throws {
        let any: JSONValue = ["any": ["a", "b"]]
        #expect(try evaluate(any, ["a": .failed, "b": .passed]) == .passed)
        #expect(try evaluate(any, ["a": .failed, "b": .failed]) == .failed)
        #expect(try evaluate(any, ["a": .failed]) == .unknown)
        #expect(try evaluate(any, ["a": .passed]) == .passed)
    }

    @Test func nests() throws {
        let nested: JSONValue = ["any": ["a", ["all": ["b", "c"]]]]
        #expect(try evaluate(nested, ["a": .failed, "b": .passed, "c": .passed]) == .passed)
        #expect(try evaluate(nested, ["a": .failed, "b": .passed, "c": .failed]) == .failed)
        #expect(try FactorExpression(nested).keys == ["a", "b", "c"])
    }

    @Test func comesBackAsItWasWritten() throws {
        #expect(try FactorExpression("a").json == ["all": ["a"]])
        #expect(try FactorExpression(["a", ["any": ["b", "c"]]]).json == ["all": ["a", ["any": ["b", "c"]]]])
        let nested: JSONValue = ["any": ["a", ["all": ["b"]]]]
        #expect(try FactorExpression(FactorExpression(nested).json).json == nested)
    }

    static let refused: [(JSONValue, String)] = [
        ([], ""), (["any": []], "any"), (7, ""), (["none": ["a"]], ""),
        (["any": ["a"], "all": ["b"]], ""),
        (["any": ["a", 7]], "any[1]"), (["any": "a"], "any"),
    ]

    @Test(arguments: refused)
    func refusesWithThePlace(json: JSONValue, path: String) {
        let error = #expect(throws: FactorError.self) { try FactorExpression(json) }
        #expect(error?.path == path)
    }

    @Test func isBounded() throws {
        let many = JSONValue.array((0..<FactorExpression.factorsMax).map { .string("f\($0)") })
        #expect(try FactorExpression(many).keys.count == FactorExpression.factorsMax)
        #expect(throws: FactorError.self) { try FactorExpression(["all": [many, "one_more"]]) }
        var deep: JSONValue = "a"
        for _ in 1..<FactorExpression.depthMax { deep = ["any": [deep]] }
        #expect(try FactorExpression(deep).keys == ["a"])
        #expect(throws: FactorError.self) { try FactorExpression(["any": [deep]]) }
    }
}

import Factors
import JSON
import Testing

@Suite("Factor vectors")
struct FactorVectorTests {
    private static let vectors = Result { try Vectors.load("factors") }

    @Test func everyValueComesToTheListedOutcome() throws {
        for vector in try #require(Self.vectors.get()["outcomes"]?.arrayValue) {
            let factor = try Factor(
                key: "f", objectType: "company", datapoint: "d",
                type: #require(FactorType(rawValue: vector["type"]?.stringValue ?? "option")),
                comparison: #require(FactorOperator(rawValue: vector["operator"]?.stringValue ?? "")),
                value: #require(vector["value"]))
            #expect(factor.evaluate(vector["found"]).rawValue == vector["outcome"]?.stringValue, "\(vector)")
        }
    }

    @Test func everyCombinationComesToTheListedOutcome() throws {
        for vector in try #require(Self.vectors.get()["combinations"]?.arrayValue) {
            let outcome = try FactorExpression(#require(vector["expression"])).evaluate { key in
                vector["outcomes"]?[key]?.stringValue.flatMap { FactorOutcome(rawValue: $0) } ?? .unknown
            }
            #expect(outcome.rawValue == vector["outcome"]?.stringValue, "\(vector)")
        }
    }
}

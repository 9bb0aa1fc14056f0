import Factors
import JSON
import Testing

@Suite("A factor in words")
struct FactorSentenceTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let type: FactorType
        let datapoint: String
        let comparison: FactorOperator
        let value: JSONValue
        let sentence: String
        var use = FactorUse.guardrail
        var testDescription: String { sentence }
    }

    /// The examples of the specification's matrix, and where it leaves a case open.
    static let cases = [
        Case(
            type: .volume, datapoint: "employees", comparison: .greaterThan, value: 100,
            sentence: "Company's employees is more than 100"),
        Case(
            type: .volume, datapoint: "Employees", comparison: .greaterEqual, value: 50,
            sentence: "Company's employees is at least 50"),
        Case(
            type: .volume, datapoint: "employees", comparison: .lessThan, value: 1000,
            sentence: "Company's employees is less than 1000"),
        Case(
            type: .volume, datapoint: "employees", comparison: .lessEqual, value: 500,
            sentence: "Company's employees is at most 500"),
        Case(
            type: .volume, datapoint: "employees", comparison: .between, value: [100, 500],
            sentence: "Company's employees is between 100 and 500"),
        Case(type: .boolean, datapoint: "public", comparison: .equals, value: true, sentence: "Company is public"),
        Case(type: .boolean, datapoint: "public", comparison: .equals, value: false, sentence: "Company is not public"),
        Case(
            type: .boolean, datapoint: "public", comparison: .notEquals, value: true, sentence: "Company is not public"),
        Case(type: .boolean, datapoint: "is_listed", comparison: .equals, value: true, sentence: "Company is listed"),
        Case(
            type: .boolean, datapoint: "Has a website", comparison: .equals, value: false,
            sentence: "Company does not have a website"),
        Case(
            type: .option, datapoint: "industry", comparison: .equals, value: "technology",
            sentence: "Company's industry is technology"),
        Case(
            type: .option, datapoint: "industry", comparison: .notEquals, value: "healthcare",
            sentence: "Company's industry is not healthcare"),
        Case(
            type: .option, datapoint: "industry", comparison: .in, value: ["technology", "healthcare"],
            sentence: "Company's industry is one of technology, healthcare"),
        Case(
            type: .option, datapoint: "description", comparison: .contains, value: "AI",
            sentence: "Company's description contains AI"),
        Case(
            type: .time, datapoint: "founded_date", comparison: .greaterThan, value: "2020",
            sentence: "Company's founded date is after 2020"),
        Case(
            type: .time, datapoint: "founded", comparison: .greaterEqual, value: "2020",
            sentence: "Company's founded is not before 2020"),
        Case(
            type: .place, datapoint: "location", comparison: .equals, value: "San Francisco",
            sentence: "Company's location is in San Francisco"),
        Case(
            type: .entity, datapoint: "VAT number", comparison: .equals, value: "1",
            sentence: "Company's VAT number is 1"),
        Case(
            type: .volume, datapoint: "employees", comparison: .greaterThan, value: 1,
            sentence: "How many employees does the company have?", use: .useCase),
        Case(
            type: .boolean, datapoint: "public", comparison: .equals, value: true, sentence: "Is the company public?",
            use: .useCase),
        Case(
            type: .option, datapoint: "industry", comparison: .equals, value: "x",
            sentence: "What is the company's industry?", use: .useCase),
        Case(
            type: .time, datapoint: "founded", comparison: .equals, value: "2020",
            sentence: "When was the company founded?",
            use: .useCase),
        Case(
            type: .entity, datapoint: "technology", comparison: .equals, value: "React",
            sentence: "What technology does the company use?", use: .useCase),
    ]

    @Test(arguments: cases)
    func readsAsTheMatrixSays(_ example: Case) throws {
        let factor = try Factor(
            key: "f", objectType: "Company", datapoint: example.datapoint, type: example.type, use: example.use,
            comparison: example.comparison, value: example.value)
        #expect(factor.sentence == example.sentence)
    }

    @Test func aTypeWithoutANameIsCapitalized() throws {
        let factor = try Factor(
            key: "f", objectType: "trade_fair", datapoint: "city", type: .place, comparison: .equals, value: "Berlin")
        #expect(factor.sentence == "Trade fair's city is in Berlin")
    }
}

import Contracts
import JSON
import Postgres
import Testing

@testable import Processor
@testable import Store

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

@Suite("Qualification")
struct QualificationTests {
    private let employees = DatapointID(UUID())
    private let country = DatapointID(UUID())

    private func qualification(_ expression: String) throws -> Qualification {
        func record(
            _ key: String, _ datapoint: DatapointID, _ name: String, _ comparison: String, _ value: String, type: String
        )
            -> Criteria.FactorRecord
        {
            Criteria.FactorRecord(
                key: key, datapoint: datapoint, names: (objectType: "Company", datapoint: name), use: "guardrail",
                type: type,
                comparison: comparison, value: JSONB(value))
        }
        return try Qualification(
            Criteria(
                expression: JSONB(expression),
                factors: [
                    record("large", employees, "employees", "greater_equal", "100", type: "volume"),
                    record("german", country, "country", "equals", #""DE""#, type: "place"),
                    // Past the catalogue, which refuses it.
                    record("unreadable", country, "country", "between", "7", type: "place"),
                ]))
    }

    @Test func anObjectQualifiesWhenItsFactorsAreKnownToHold() throws {
        let all = try qualification(#"{"all":["large","german"]}"#)
        let values = [employees: JSONB("100"), country: JSONB(#""DE""#)]
        #expect(all.verdict(on: 0) { values[$0] }.isQualified)
        #expect(!all.verdict(on: 0) { $0 == employees ? values[$0] : nil }.isQualified, "a country is not known")
        let any = try qualification(#"{"any":["large","german"]}"#)
        #expect(any.verdict(on: 0) { $0 == employees ? values[$0] : nil }.isQualified)
    }

    @Test func aFactorThatIsGoneIsUnknown() throws {
        let values = [employees: JSONB("100"), country: JSONB(#""DE""#)]
        #expect(try !qualification(#"{"all":["large","gone"]}"#).verdict(on: 0) { values[$0] }.isQualified)
        #expect(try qualification(#"{"any":["large","gone"]}"#).verdict(on: 0) { values[$0] }.isQualified)
    }

    @Test func aFactorThatCannotBeReadIsUnknownAndHoldsNoResultUp() throws {
        let values = [employees: JSONB("100"), country: JSONB(#""DE""#)]
        #expect(try !qualification(#"{"all":["large","unreadable"]}"#).verdict(on: 0) { values[$0] }.isQualified)
        #expect(try qualification(#"{"any":["large","unreadable"]}"#).verdict(on: 0) { values[$0] }.isQualified)
    }

    @Test func theVerdictSaysWhatWasComparedAndIsPartOfTheLine() throws {
        let verdict = try qualification(#"{"all":["large","german"]}"#).verdict(on: 3) {
            $0 == employees ? JSONB("70") : nil
        }
        let expected =
            #"[{"factor":"large","outcome":"failed","sentence":"Company's employees is at least 100","value":70},"#
            + #"{"factor":"german","outcome":"unknown","sentence":"Company's country is in DE"}]"#
        #expect(String(decoding: verdict.factors.bytes, as: UTF8.self) == expected)
        let row = ResultRow(position: 3, name: "Abel", state: "done", reason: nil, values: [(employees, JSONB("70"))])
        let line = ResultLines(datapointKeys: [employees: "employees"]).encode([row], verdicts: [verdict])
        #expect(
            String(decoding: line, as: UTF8.self)
                == #"{"object":"Abel","qualified":false,"values":{"employees":70},"factors":"# + expected + "}\n")
    }
}

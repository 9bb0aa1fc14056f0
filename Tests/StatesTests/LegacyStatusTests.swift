import JSON
import States
import Testing

@Suite("Legacy statuses")
struct LegacyStatusTests {
    private struct Vector: Hashable {
        let status: String
        let state: String?
        let substate: String?

        init(_ value: JSONValue) throws {
            status = try #require(value["status"]?.stringValue)
            state = value["state"]?.stringValue
            substate = value["substate"]?.stringValue
        }
    }

    @Test func theTenOfTheSpecificationAreAll() throws {
        let vectors = try #require(Vectors.load("legacy_statuses")["statuses"]?.arrayValue).map(Vector.init)
        #expect(LegacyStatus.allCases.map(\.rawValue) == vectors.map { $0.status.lowercased() })
    }

    @Test(arguments: ["statuses", "spellings"])
    func everySpellingMeansItsState(_ part: String) throws {
        for vector in try #require(Vectors.load("legacy_statuses")[part]?.arrayValue).map(Vector.init) {
            let status = LegacyStatus(vector.status)
            #expect(status?.state.rawValue == vector.state, "\(vector.status)")
            #expect(status?.substate?.rawValue == vector.substate, "\(vector.status)")
        }
    }

    @Test func nothingElseIsOne() throws {
        let unknown = try #require(Vectors.load("legacy_statuses")["unknown"]?.arrayValue)
        #expect(unknown.count > 10)
        for status in unknown { #expect(try LegacyStatus(#require(status.stringValue)) == nil, "\(status)") }
    }
}

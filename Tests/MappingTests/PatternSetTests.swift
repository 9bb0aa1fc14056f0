import JSON
import Mapping
import Testing

@Suite("Pattern set")
struct PatternSetTests {
    private func matches(_ patterns: [PathPattern], _ document: String) throws -> [String] {
        var found: [String] = []
        try PatternSet(patterns).forEachMatch(in: Array(document.utf8)) { found.append("\($0): \($1())") }
        return found
    }

    @Test func onePassFindsTheMatchesOfAllPatterns() throws {
        let patterns: [PathPattern] = [
            ["items", "*"], ["meta", "next"], ["meta", "next"], ["**", "next"], ["none"],
        ]
        let found = try matches(patterns, #"{"items":[1,{"next":2}],"meta":{"next":"c"}}"#)
        #expect(Set(found) == [#"0: 1"#, #"0: {"next":2}"#, #"3: 2"#, #"1: "c""#, #"2: "c""#, #"3: "c""#])
        #expect(found.count == 6)
    }

    @Test func ofRepeatedKeysTheLastCounts() throws {
        #expect(try matches([["a"]], #"{"a":1,"a":2}"#) == ["0: 2"])
    }

    @Test func whatIsNoJSONIsAnError() {
        #expect(throws: MappingError.self) { try matches([["a"]], "<html>") }
        #expect(throws: MappingError.self) { try matches([], "") }
    }

    @Test func aPlanOnEveryPageFindsWhatThePlanFindsOnOne() throws {
        let plan = MappingPlan(
            objects: [["items", "*", "name"]],
            datapoints: [.init(key: "size", paths: [["items", "*", "size"]], type: .number)])
        let pages = #"[{"items":[{"name":"a","size":1}]},{"items":[{"name":"b","size":2},{"name":"c"}]}]"#
        let answer = try Mapper(plan.onEveryPage()).map(Array(pages.utf8))
        #expect(answer.objects.map(\.name) == ["a", "b", "c"])
        #expect(
            answer.objects.map { $0.values.map { String(decoding: $0.json, as: UTF8.self) } } == [["1"], ["2"], []])
    }
}

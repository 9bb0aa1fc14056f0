import JSON
import Mapping
import Testing

@Suite("Answers that cannot be mapped")
struct MappingErrorTests {
    private let plan = MappingPlan(datapoints: [
        .init(key: "text", paths: [["text"]], type: .text),
        .init(key: "number", paths: [["number"]], type: .number),
        .init(key: "any", paths: [["any"]], type: .json),
    ])

    private func error(_ answer: String, limits: MappingLimits = MappingLimits()) -> MappingError? {
        do throws(MappingError) {
            _ = try Mapper(plan, limits: limits).map(Array(answer.utf8))
            return nil
        } catch {
            return error
        }
    }

    @Test func htmlIsSaidToBeHTML() {
        let error = error("\n<!DOCTYPE html>\n<html lang=\"en\"><body>It's down</body></html>")
        #expect(error?.code == .notJSON)
        #expect(error?.reason == "the answer begins with '<!DOCTYPE html>', not JSON")
    }

    @Test func plainTextThatBeginsLikeALiteralIsNotJSON() {
        #expect(error("not found")?.code == .notJSON)
        #expect(error("Internal Server Error")?.reason == "the answer begins with 'Internal Server Error', not JSON")
    }

    @Test func anEmptyAnswerIsSaidToBeEmpty() {
        #expect(error("")?.code == .empty)
        #expect(error(" \n")?.reason == "the answer is empty")
    }

    @Test(arguments: [
        #"{"text": "ab"#, #"{"text": "#, #"{"text": 12"#, #"[{"a": tr"#, #"{"a": "\u00"#, "{\"a\": \"\u{e9}",
    ])
    func aTruncatedAnswerSaysWhereItEnds(answer: String) {
        let error = error(answer)
        #expect(error?.code == .truncated)
        #expect(error?.reason == "the answer is cut off after \(answer.utf8.count) bytes")
    }

    @Test func invalidJSONNamesPathAndByte() {
        let error = error(#"{"list": [1, {"a": 01}]}"#)
        #expect(error?.code == .invalidJSON)
        #expect(error?.path == "$.list[1].a")
        #expect(error?.offset == 19)
    }

    @Test func aMappedNULIsRefusedWithItsPath() {
        let error = error(#"{"text": "a\u0000b"}"#)
        #expect(error?.code == .unstorableText)
        #expect(error?.reason == "a mapped text contains the character U+0000, which cannot be stored (at $.text)")
    }

    @Test func aMappedHalfSurrogatePairIsRefused() {
        #expect(error(#"{"text": "\ud83d"}"#)?.code == .unstorableText)
        #expect(error(#"{"text": "\ude00\ud83d"}"#)?.code == .unstorableText)
        #expect(error(#"{"text": "\ud83d\ude00"}"#) == nil)
    }

    @Test func poisonDeepInAMappedValueIsFound() {
        #expect(error(#"{"any": {"a": [1, {"b": "\u0000"}]}}"#)?.path == "$.any.a[1].b")
        #expect(error(#"{"any": {"a\ud800": 1}}"#)?.code == .unstorableText)
        #expect(error(#"{"any": [1, 1e400000]}"#)?.path == "$.any[1]")
    }

    @Test(arguments: [
        "1e400000", "-1e131072", "1e-16384", "10e131071", "1e99999999999999999999", "0e-16384", "0.0001e131076",
        "100e-16385", "1.5e-16383",
    ])
    func aMappedNumberBeyondNumericIsRefused(number: String) {
        #expect(error(#"{"number": \#(number)}"#)?.code == .numberOutOfRange)
    }

    @Test(arguments: [
        "1e131071", "0.1e131072", "1e-16383", "0e400000", "0.0001e131075", "1.5e-16382",
        "123456789012345678901234567890.5", "-0",
    ])
    func aMappedNumberWithinNumericIsKept(number: String) throws {
        let answer = try Mapper(plan).map(Array(#"{"number": \#(number)}"#.utf8))
        #expect(answer.objects[0].values.map(\.text) == [number])
    }

    @Test func numbersThatBecomeGigabytesWhenTheyAreWrittenOutAreRefused() {
        let list = Array(repeating: "1e131071", count: 9).joined(separator: ",")
        #expect(error(#"{"any": [\#(list)]}"#)?.code == .numberOutOfRange)
        let bearable = Array(repeating: "1e131071", count: 7).joined(separator: ",")
        #expect(error(#"{"any": [\#(bearable)]}"#) == nil)
    }

    @Test func whatIsNotMappedCannotFail() {
        #expect(error(#"{"text": "x", "other": "\u0000", "lone": "\ud800", "big": 1e400000}"#) == nil)
    }

    @Test func aPoisonedNameIsRefused() {
        let plan = MappingPlan(objects: [["*"]], datapoints: [])
        let error = #expect(throws: MappingError.self) { try Mapper(plan).map(Array(#"{"a\u0000": 1}"#.utf8)) }
        #expect(error?.code == .unstorableText)
    }

    @Test func nestingMatchesAndBytesAreBounded() {
        let deep = MappingLimits(json: JSONLimits(depthMax: 3))
        #expect(error("[[[1]]]", limits: deep) == nil)
        #expect(error("[[[[1]]]]", limits: deep)?.code == .tooDeep)
        #expect(error("[1234]", limits: MappingLimits(json: JSONLimits(bytesMax: 5)))?.code == .tooLarge)
        let all = MappingPlan(datapoints: [.init(key: "all", paths: [["*"]], type: .number)])
        let mapper = Mapper(all, limits: MappingLimits(matchesMax: 3))
        #expect(throws: Never.self) { try mapper.map(Array("[1,2,3]".utf8)) }
        let error = #expect(throws: MappingError.self) { try mapper.map(Array("[1,2,3,4]".utf8)) }
        #expect(error?.code == .tooManyMatches)
    }

    @Test func valuesTimesObjectsAreBounded() {
        let plan = MappingPlan(
            objects: [["o", "*"]], datapoints: [.init(key: "v", paths: [["v", "*"]], type: .number)])
        let list = "[1,2,3,4,5]"
        let mapper = Mapper(plan, limits: MappingLimits(matchesMax: 20))
        let error = #expect(throws: MappingError.self) { try mapper.map(Array(#"{"o":\#(list),"v":\#(list)}"#.utf8)) }
        #expect(error?.code == .tooManyMatches)
    }

    @Test func aNameLongerThanTheBoundIsReportedAndLeftOut() throws {
        let plan = MappingPlan(objects: [["*"]], datapoints: [])
        let mapper = Mapper(plan, limits: MappingLimits(objectNameBytesMax: 3))
        let answer = try mapper.map(Array(#"["abc", "abcd"]"#.utf8))
        #expect(answer.objects.map(\.name) == ["abc"])
        #expect(answer.failures.map(\.path) == ["$[1]"])
    }

    @Test func aMapperGoesOnAfterAnError() throws {
        let mapper = Mapper(plan)
        #expect(throws: MappingError.self) { try mapper.map(Array(#"{"text": "#.utf8)) }
        #expect(try mapper.map(Array(#"{"text": "x"}"#.utf8)).objects[0].values.map(\.text) == [#""x""#])
    }
}

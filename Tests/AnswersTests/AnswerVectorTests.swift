import JSON
import Mapping
import Testing

@testable import Answers

@Suite("Vectors of answers")
struct AnswerVectorTests {
    private static let vectors = Result { try Vectors.load("answers") }

    @Test func whatHoldsTooMuchIsRefusedAsListed() throws {
        for vector in try #require(Self.vectors.get()["answers"]?.arrayValue) {
            let type = try #require(DatapointType(rawValue: vector["type"]?.stringValue ?? "json"))
            let plan = MappingPlan(datapoints: [.init(key: "numbers", paths: [["numbers"]], type: type)])
            var error: MappingError?
            do {
                _ = try Mapper(plan, limits: AnswerMapper.limits).map(Self.answer(of: vector))
            } catch let failure as MappingError {
                error = failure
            }
            #expect(error?.code.rawValue == vector["substate"]?.stringValue, "\(vector)")
            let reason = vector["reason"]?.stringValue
            // A place may follow.
            #expect(
                error.map { $0.reason.hasPrefix(reason ?? "-") } ?? (reason == nil), "\(vector): \(error?.reason ?? "")"
            )
        }
    }

    private static func answer(of vector: JSONValue) throws -> [UInt8] {
        if let levels = vector["levels"]?.intValue {
            return Array(String(repeating: "[", count: levels).utf8) + String(repeating: "]", count: levels).utf8
        }
        let number = try #require(vector["number"]?.stringValue)
        let numbers = repeatElement(number, count: try #require(vector["times"]?.intValue)).joined(separator: ",")
        return Array(#"{"numbers":[\#(numbers)]}"#.utf8)
    }
}

import Contracts
import JSON
import Testing

@Suite("The body of a request")
struct ActivityRequestBodyTests {
    private func violations(_ body: JSONValue, objectsMax: Int = 100_000) -> [Problem.Violation] {
        var limits = ActivityRequestBody.Limits()
        limits.objectsMax = objectsMax
        do {
            _ = try ActivityRequestBody(body, limits: limits)
            return []
        } catch {
            return error.violations
        }
    }

    @Test func aGoodBodyKeepsTheOrderOfItsObjects() throws {
        let body = try ActivityRequestBody(["activity": "enrich", "objects": ["b", "a"]])
        #expect(body.activity == "enrich")
        #expect(body.objects == ["b", "a"])
    }

    @Test func everyViolationIsNamedWithItsPath() {
        let found = violations(["activity": 7, "objects": ["a", 1, "a", "", "x\0y"], "colour": "red"])
        #expect(
            found.map(\.path) == [
                "$.colour", "$.activity", "$.objects[1]", "$.objects[2]", "$.objects[3]", "$.objects[4]",
            ])
    }

    @Test func aDoubledObjectNamesItsFirstPlace() {
        #expect(
            violations(["activity": "e", "objects": ["a", "b", "a"]]).first?.message.contains("$.objects[0]") == true)
    }

    @Test func namesAreTheSameOnlyIfTheirBytesAre() {
        #expect(violations(["activity": "e", "objects": ["caf\u{E9}", "cafe\u{301}"]]).isEmpty)
    }

    @Test(
        arguments: [["activity": "e", "objects": []], ["activity": "e", "objects": "DE"]] as [JSONValue])
    func objectsAreAListOfNames(_ body: JSONValue) {
        #expect(violations(body).map(\.path) == ["$.objects"])
    }

    @Test func oneObjectTooManyIsRefused() {
        #expect(violations(["activity": "e", "objects": ["a", "b"]], objectsMax: 2).isEmpty)
        #expect(
            violations(["activity": "e", "objects": ["a", "b", "c"]], objectsMax: 2).first?.message.contains(
                "maximum of 2") == true)
    }

    @Test func aLongNameIsRefused() {
        let name = String(repeating: "é", count: 501)
        #expect(
            violations(["activity": "e", "objects": [.string(name)]]).first?.message.contains("1002 bytes") == true)
    }

    @Test func notEverythingIsReportedWhenEverythingIsWrong() {
        let many = JSONValue.array(Array(repeating: 1, count: 1000))
        #expect(violations(["activity": "e", "objects": many]).count == 20)
    }

    @Test func aBodyThatIsNoObjectIsNamed() {
        #expect(violations([1]).map(\.path) == ["$"])
    }
}

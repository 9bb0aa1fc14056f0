import Contracts
import JSON
import Testing

@Suite("What an activity asks of a request")
struct ActivityTermsTests {
    private static let input = ActivityInput([
        .init(name: "query", type: .text, isRequired: true), .init(name: "size_min", type: .number, standard: 10),
        .init(name: "listed", type: .boolean), .init(name: "places", type: .list),
    ])

    private func violations(
        _ body: JSONValue, type: ActivityType = .extract, input: ActivityInput = input
    ) throws -> [Problem.Violation] {
        let body = try ActivityRequestBody(body)
        do {
            try body.check(ActivityTerms(type: type, input: input))
            return []
        } catch {
            return error.violations
        }
    }

    @Test func whatIsDeclaredIsTaken() throws {
        #expect(
            try violations([
                "activity": "find",
                "input": ["query": "bakery", "size_min": 15, "listed": false, "places": ["Berlin", "Köln"]],
            ]).isEmpty)
        #expect(try violations(["activity": "find", "input": ["query": ""]]).isEmpty)
    }

    @Test func everyFaultIsNamedWithItsPath() throws {
        let found = try violations([
            "activity": "find",
            "input": ["qery": "x", "size_min": "10", "listed": 1, "places": ["a", 2], "the place": 1],
        ])
        #expect(
            found.map(\.path) == [
                "$.input.qery", "$.input['the place']", "$.input.listed", "$.input.places", "$.input.query",
                "$.input.size_min",
            ])
        #expect(found[0].message.contains("did you mean \"query\"?"))
        #expect(found[3].message.contains("element 1 is a number"))
        #expect(found[4].message.contains("is missing") && found[5].message.contains("not a string"))
    }

    @Test func textsAndListsAreBounded() throws {
        let long = JSONValue.string(String(repeating: "x", count: ActivityInput.textBytesMax + 1))
        let many = JSONValue.array(Array(repeating: "x", count: ActivityInput.elementsMax + 1))
        let found = try violations(["activity": "find", "input": ["query": long, "places": many]])
        #expect(found.map(\.path) == ["$.input.places", "$.input.query"])
        #expect(try violations(["activity": "find", "input": ["query": "a\0b"]]).map(\.path) == ["$.input.query"])
    }

    @Test func anActivityWithoutInputTakesNone() throws {
        let none = ActivityInput()
        let found = try violations(
            ["activity": "e", "objects": ["a"], "input": ["q": 1]], type: .enrichment, input: none)
        #expect(found.map(\.path) == ["$.input.q"] && found[0].message.contains("takes no input"))
        #expect(
            try violations(["activity": "e", "objects": ["a"], "input": [:]], type: .enrichment, input: none).isEmpty)
    }

    @Test func whoNamesObjectsDependsOnTheType() throws {
        let named: JSONValue = ["activity": "e", "objects": ["a"]]
        let unnamed: JSONValue = ["activity": "e"]
        let none = ActivityInput()
        #expect(try violations(named, type: .enrichment, input: none).isEmpty)
        #expect(try violations(unnamed, type: .enrichment, input: none).map(\.path) == ["$.objects"])
        #expect(try violations(named, type: .extract, input: none).map(\.path) == ["$.objects"])
        #expect(try violations(unnamed, type: .extract, input: none).isEmpty)
        #expect(try violations(named, type: .sourcing, input: none).isEmpty)
        #expect(try violations(unnamed, type: .sourcing, input: none).isEmpty)
    }

    @Test func inputIsAnObject() {
        let error = #expect(throws: Problem.self) { try ActivityRequestBody(["activity": "e", "input": ["query"]]) }
        #expect(error?.violations.map(\.path) == ["$.input"])
    }

    @Test func comesBackFromTheDatabaseAsItWentThere() {
        #expect(ActivityInput(Self.input.json) == Self.input)
        #expect(
            ActivityInput(["odd": ["type": "feeling"], "q": ["type": "text"]])
                == ActivityInput([.init(name: "q", type: .text)]))
    }
}

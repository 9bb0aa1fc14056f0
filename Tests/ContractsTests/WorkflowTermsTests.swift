import Contracts
import JSON
import Testing

/// What a request for a workflow has to say, by what its steps ask for.
@Suite("Terms of workflows")
struct WorkflowTermsTests {
    private static let pipeline = WorkflowTerms(steps: [
        .init(key: "details", phase: 2, terms: ActivityTerms(type: .enrichment)),
        .init(
            key: "search", phase: 1,
            terms: ActivityTerms(
                type: .extract,
                input: ActivityInput([
                    .init(name: "query", type: .text, isRequired: true), .init(name: "size_min", type: .number),
                ]))),
        .init(
            key: "verdict", phase: 3,
            terms: ActivityTerms(type: .sourcing, input: ActivityInput([.init(name: "place", type: .text)]))),
    ])
    private static let enriching = WorkflowTerms(steps: [
        .init(key: "details", phase: 1, terms: ActivityTerms(type: .enrichment))
    ])
    private static let judging = WorkflowTerms(steps: [
        .init(key: "verdict", phase: 1, terms: ActivityTerms(type: .sourcing))
    ])

    private func violations(_ body: JSONValue, _ terms: WorkflowTerms) throws -> [String] {
        let body = try WorkflowRequestBody(body)
        do throws(Problem) {
            try body.check(terms)
            return []
        } catch {
            return error.violations.map { "\($0.path) \($0.message)" }
        }
    }

    @Test func whatTheStepsTakeIsTaken() throws {
        #expect(
            try violations(
                ["workflow": "w", "input": ["query": "x", "size_min": 3, "place": "Berlin"]], Self.pipeline) == [])
        #expect(try violations(["workflow": "w", "objects": ["a"]], Self.enriching) == [])
        #expect(try violations(["workflow": "w", "objects": ["a"]], Self.judging) == [])
        #expect(try violations(["workflow": "w"], Self.judging) == [])
    }

    @Test func objectsGoToTheFirstPhaseOnly() throws {
        #expect(
            try violations(["workflow": "w"], Self.enriching)
                == ["$.objects is missing; step \"details\" needs the names of the objects"])
        #expect(
            try violations(["workflow": "w", "objects": ["a"], "input": ["query": "x"]], Self.pipeline)
                == ["$.objects must be left out: the workflow finds its objects by its input"])
    }

    @Test func aFieldOfNoStepIsRefusedAndOneOfAnyStepIsNeeded() throws {
        #expect(
            try violations(["workflow": "w", "input": ["qurey": "x"]], Self.pipeline) == [
                "$.input.qurey there is no such field; did you mean \"query\"? The workflow takes place, query, size_min",
                "$.input.query is missing; step \"search\" needs it",
            ])
        #expect(
            try violations(["workflow": "w", "objects": ["a"], "input": ["x": 1]], Self.enriching)
                == ["$.input.x there is no such field; the workflow takes no input"])
        #expect(
            try violations(["workflow": "w", "input": ["query": 7, "place": "Bonn"]], Self.pipeline)
                == ["$.input.query must be a string, not a number; so step \"search\" takes it"])
    }

    /// What is wrong with a field is said once, by the first step that cannot take it.
    @Test func twoStepsThatDeclareAFieldDifferently() throws {
        func step(_ key: String, _ type: ActivityInput.FieldType) -> WorkflowTerms.Step {
            .init(
                key: key, phase: 1,
                terms: ActivityTerms(type: .extract, input: ActivityInput([.init(name: "n", type: type)])))
        }
        let terms = WorkflowTerms(steps: [step("a", .text), step("b", .number)])
        #expect(
            try violations(["workflow": "w", "input": ["n": "x"]], terms)
                == ["$.input.n must be a number, not a string; so step \"b\" takes it"])
        #expect(
            try violations(["workflow": "w", "input": ["n": true]], terms)
                == ["$.input.n must be a string, not a boolean; so step \"a\" takes it"])
    }
}

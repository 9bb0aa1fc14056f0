import Contracts
import JSON
import TestSchemas
import Testing

/// The published schemas against the code: a client that goes by a schema is not surprised by the service.
@Suite("Schemas")
struct SchemaTests {
    /// The schemas, and what the code says to a value of each: nil when it accepts it.
    private static let accepting: [String: @Sendable (JSONValue) -> String?] = [
        "dev.weir.activity.requested.v1": { value in
            do throws(Problem) {
                _ = try ActivityRequestBody(value)
                return nil
            } catch {
                return error.detail
            }
        },
        "dev.weir.workflow.requested.v1": { value in
            do throws(Problem) {
                _ = try WorkflowRequestBody(value)
                return nil
            } catch {
                return error.detail
            }
        },
    ]

    /// Those of hints are held against what travels, because no code reads a hint's body: `HintTests`, `MessageTests`.
    @Test func everyTypeHasASchemaThatIsHeldAgainstTheCode() throws {
        let hints = Set(Topic.all).subtracting([Topic.activityRequested, Topic.workflowRequested])
        #expect(Set(try JSONSchema.all().keys) == hints.union(Self.accepting.keys))
    }

    private static let long = String(repeating: "x", count: 1_000)

    @Test(
        arguments: [
            ["activity": "enrich", "objects": ["a"]],
            ["objects": ["b", "a", "ä", "日本", " a", "a b", "\u{FEFF}", "\u{1C}"], "activity": "a b"],
            ["activity": "enrich", "objects": [.string(long)]],
            ["activity": "find"], ["activity": "find", "input": ["query": "bakery", "size_min": 10, "places": ["a"]]],
            ["activity": "enrich", "objects": .array((0..<100_000).map { .string("\($0)") })],
        ] as [JSONValue])
    func whatTheCodeTakesTheSchemaTakes(_ body: JSONValue) throws {
        let name = "dev.weir.activity.requested.v1"
        #expect(Self.accepting[name]?(body) == nil)
        #expect(try JSONSchema.all()[name]?.violations(of: body) == [])
    }

    /// Each breaks one rule of the schema.
    @Test(
        arguments: [
            ("$: type", ["enrich"]), ("$: type", .null), ("$: required \"activity\"", ["objects": ["a"]]),
            ("$.input: type", ["activity": "find", "input": ["bakery"]]),
            ("$.activity: type", ["activity": 7, "objects": ["a"]]),
            ("$.activity: minLength", ["activity": "", "objects": ["a"]]),
            ("$: colour", ["activity": "enrich", "objects": ["a"], "colour": "red"]),
            ("$.objects: type", ["activity": "enrich", "objects": "a"]),
            ("$.objects: minItems", ["activity": "enrich", "objects": []]),
            (
                "$.objects: maxItems",
                ["activity": "enrich", "objects": .array((0...100_000).map { .string("\($0)") })]
            ),
            ("$.objects: uniqueItems", ["activity": "enrich", "objects": ["a", "b", "a"]]),
            ("$.objects[1]: type", ["activity": "enrich", "objects": ["a", .null]]),
            ("$.objects[0]: maxLength", ["activity": "enrich", "objects": [.string(long + "x")]]),
            ("$.objects[0]: pattern", ["activity": "enrich", "objects": [" \t\u{3000}\u{85}"]]),
        ] as [(String, JSONValue)])
    func whatTheSchemaRefusesTheCodeRefusesToo(_ rule: String, _ body: JSONValue) throws {
        let name = "dev.weir.activity.requested.v1"
        #expect(try JSONSchema.all()[name]?.violations(of: body) == [rule])
        #expect(Self.accepting[name]?(body) != nil)
    }

    /// The two bodies differ in the name of one field.
    @Test(
        arguments: [
            (["workflow": "pipeline"], nil), (["workflow": "pipeline", "objects": ["a"], "input": ["query": 1]], nil),
            (["activity": "enrich", "workflow": "pipeline"], "$: activity"), ([:], "$: required \"workflow\""),
            (["workflow": ""], "$.workflow: minLength"), (["workflow": 7], "$.workflow: type"),
            (["workflow": "pipeline", "objects": []], "$.objects: minItems"),
            (["workflow": "pipeline", "objects": ["a", "a"]], "$.objects: uniqueItems"),
            (["workflow": "pipeline", "input": 7], "$.input: type"),
        ] as [(JSONValue, String?)])
    func aRequestForAWorkflowIsJudgedAlikeBySchemaAndCode(_ body: JSONValue, _ rule: String?) throws {
        let name = "dev.weir.workflow.requested.v1"
        #expect(try JSONSchema.all()[name]?.violations(of: body) == (rule.map { [$0] } ?? []))
        #expect((Self.accepting[name]?(body) == nil) == (rule == nil))
    }

    /// Names of one character each, of all characters that somebody could take for a blank.
    @Test func whatIsBlankForTheSchemaIsBlankForTheCode() throws {
        let schema = try #require(try JSONSchema.all()["dev.weir.activity.requested.v1"])
        let scalars = [0x01...0x30FF, 0xFE00...0xFFFF].joined().compactMap { Unicode.Scalar(UInt32($0)) }
        let body: JSONValue = ["activity": "enrich", "objects": .array(scalars.map { .string(String($0)) })]
        var limits = ActivityRequestBody.Limits()
        limits.violationsMax = .max
        let byCode = #expect(throws: Problem.self) { try ActivityRequestBody(body, limits: limits) }
        let blank = try #require(byCode).violations.filter { $0.message.hasPrefix("is empty") }.map(\.path)
        let bySchema = try schema.violations(of: body).map { String($0.prefix { $0 != ":" }) }
        #expect(!blank.isEmpty && blank == bySchema)
    }
}

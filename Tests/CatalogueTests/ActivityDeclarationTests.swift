import Catalogue
import Contracts
import Factors
import JSON
import Testing

/// A catalogue with an extract and a sourcing; tests break one line of it.
let findingCatalogue = """
    organization: demo
    object_types:
      company:
        name: Company
        datapoints:
          employees: number
          country: { type: text, name: Country }
    sources:
      search:
        run_request_template:
          url: https://api.example.com/search
          query: { q: "<<$query>>", min: "<<$size_min>>" }
        object_source: { company: [results, "*", name] }
        datapoint_source:
          company: { employees: [results, "*", employees], country: [results, "*", country] }
      registry:
        run_request_template: { url: "https://api.example.com/<<$country>>/<<$object>>" }
        datapoint_source:
          company: { employees: employees }
    factors:
      large: { object_type: company, datapoint: employees, operator: greater_equal, value: 100 }
      german: { name: German, object_type: company, datapoint: country, operator: equals, value: DE, type: place }
    activities:
      find:
        type: extract
        object_type: company
        sources: [search]
        input: { query: { type: text, required: true }, size_min: { type: number, default: 10 } }
        max_objects: 500
      qualify:
        type: sourcing
        object_type: company
        sources: [search]
        input: { query: text, size_min: number }
        factors: { any: [large, { all: [german] }] }
      enrich:
        type: enrichment
        object_type: company
        sources: [registry]
    """

@Suite("Activities in a catalogue")
struct ActivityDeclarationTests {
    private func activities(_ text: String = findingCatalogue) throws -> [ActivityDefinition] {
        try CatalogueDefinition(parsing: text).organizations[0].activities
    }

    @Test func readsInputAndBoundsAndFactors() throws {
        let (find, qualify, enrich) = (try activities()[0], try activities()[1], try activities()[2])
        #expect(find.type == .extract && find.maxObjects == 500 && find.factors == nil)
        #expect(
            find.input
                == ActivityInput([
                    .init(name: "query", type: .text, isRequired: true),
                    .init(name: "size_min", type: .number, standard: 10),
                ]))
        #expect(qualify.factors == .any([.factor("large"), .all([.factor("german")])]) && qualify.maxObjects == 1_000)
        #expect(enrich.input.fields.isEmpty)
    }

    @Test func readsFactorsWithTheNamesThatPeopleRead() throws {
        let factors = try CatalogueDefinition(parsing: findingCatalogue).organizations[0].factors
        #expect(factors.map(\.factor.key) == ["large", "german"] && factors.map(\.name) == ["large", "German"])
        #expect(
            factors.map(\.factor.sentence) == ["Company's employees is at least 100", "Company's country is in DE"])
        #expect(factors.map(\.factor.type) == [.volume, .place])
    }

    @Test func writesThemAsItems() throws {
        let items = try CatalogueDefinition(parsing: findingCatalogue).items
        let texts = Dictionary(uniqueKeysWithValues: items.map { ($0.identity.description, $0.canonicalJSON) })
        #expect(
            texts["factor demo/large"]
                == #"{"datapoint":"employees","factor_type":"volume","name":"large","object_type":"company","#
                + #""operator":"greater_equal","type":"guardrail","value":100}"#)
        #expect(
            texts["activity demo/find"]
                == #"{"factors":null,"input":{"query":{"required":true,"type":"text"},"size_min":{"default":10,"#
                + #""type":"number"}},"max_objects":500,"name":"find","object_type":"company","setup":{},"#
                + #""timeout_seconds":604800,"type":"extract"}"#)
        #expect(texts["activity demo/qualify"]?.contains(#""factors":{"any":["large",{"all":["german"]}]}"#) == true)
        // What an activity refers to is written before it.
        let kinds = items.map(\.identity.kind)
        let factor = try #require(kinds.lastIndex(of: .factor))
        let activity = try #require(kinds.firstIndex(of: .activity))
        #expect(factor < activity)
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let part: String
        let replacement: String
        let code: CatalogueProblem.Code
        let path: String
        let mentions: String

        init(
            _ part: String, _ replacement: String, _ code: CatalogueProblem.Code, _ path: String,
            _ mentions: String = ""
        ) {
            (self.part, self.replacement, self.code) = (part, replacement, code)
            (self.path, self.mentions) = (path, mentions)
        }

        var testDescription: String { "\(code.rawValue): \(replacement)" }
    }

    static let search = "sources.search.run_request_template"
    static let find = "activities.find"
    static let qualify = "activities.qualify"

    static let cases = [
        Case("<<$query>>", "<<$qery>>", .unknownVariable, "\(search).query.q", "did you mean query?"),
        Case("input: { query: text, ", "input: { ", .unknownVariable, "\(qualify).sources[0]", "<<$query>>"),
        Case("type: extract", "type: enrichment", .conflict, "\(find).max_objects", "finds no objects"),
        Case(
            "object_source: { company: [results, \"*\", name] }", "", .missingReference, "\(find).sources[0]",
            "object_source"),
        Case("sources: [search]", "sources: [registry]", .conflict, "\(find).sources[0]", "names no object"),
        Case("sources: [search]", "sources: [registry]", .unknownVariable, "\(find).sources[0]", "<<$country>>"),
        Case("max_objects: 500", "max_objects: 0", .outOfBounds, "\(find).max_objects", "1 to 100000"),
        Case("max_objects: 500", "factors: [large]", .conflict, "\(find).factors", "sourcing"),
        Case("    factors: { any", "    setup: { any", .missingKey, qualify, "factors"),
        Case("any: [large", "any: [lage", .missingReference, "\(qualify).factors", "did you mean large?"),
        Case("any: [large", "none: [large", .wrongType, "\(qualify).factors", "all or any"),
        Case("default: 10", "default: ten", .wrongType, "\(find).input.size_min.default", "a number"),
        Case(
            "default: 10", "default: 10, required: true", .conflict, "\(find).input.size_min.default",
            "needs no default"),
        Case("required: true", "required: yes", .wrongType, "\(find).input.query.required", "true or false"),
        Case("query: { type: text", "object: { type: text", .invalidName, "\(find).input.object", "another name"),
        Case("query: { type: text", "query: { type: txt", .unknownValue, "\(find).input.query.type", "text"),
        Case("operator: greater_equal", "operator: greater", .unknownValue, "factors.large.operator", "greater_equal"),
        Case("value: 100", "value: large", .conflict, "factors.large.value", "compares numbers"),
        Case(
            "datapoint: employees", "datapoint: employes", .missingReference, "factors.large.datapoint", "did you mean"),
        Case(
            "run_request_template: {", "max_objects: 2\n    run_request_template: {", .conflict,
            "sources.registry.run_request_template", "<<$country>>"),
    ]

    @Test(arguments: cases)
    func saysWhatIsWrong(_ example: Case) throws {
        let found = problems(in: findingCatalogue.changing(example.part, to: example.replacement))
        let problem = try #require(found.first { $0.code == example.code }, "\(found)")
        #expect(problem.path == example.path, "\(found)")
        #expect(problem.description(file: "x.yaml").contains(example.mentions), "\(problem)")
    }

    @Test func theFixtureItselfIsRight() {
        #expect(problems(in: findingCatalogue).isEmpty, "\(problems(in: findingCatalogue))")
    }

    @Test func aFactorOfAnotherTypeIsRefused() {
        let text =
            findingCatalogue
            .changing("  company:\n    name", to: "  person: { datapoints: { age: number } }\n  company:\n    name")
            .changing("{ object_type: company, datapoint: employees,", to: "{ object_type: person, datapoint: age,")
        #expect(problems(in: text).map(\.path) == ["activities.qualify.factors"])
    }
}

import Catalogue
import Testing

@Suite("Problems of a catalogue")
struct CatalogueProblemTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let part: String
        let replacement: String
        let code: CatalogueProblem.Code
        let line: Int
        let path: String
        let mentions: String

        init(
            _ part: String, _ replacement: String, _ code: CatalogueProblem.Code, line: Int, _ path: String,
            _ mentions: String = ""
        ) {
            (self.part, self.replacement, self.code) = (part, replacement, code)
            (self.line, self.path, self.mentions) = (line, path, mentions)
        }

        var testDescription: String { "\(code.rawValue): \(replacement)" }
    }

    static let template = "sources.atlas.run_request_template"
    static let mappings = "sources.atlas.datapoint_source.country"
    static let activity = "activities.enrich"

    static let cases = [
        Case("retry: {", "retrry: {", .unknownKey, line: 14, "sources.atlas.retrry", "did you mean retry?"),
        Case("activities:", "activites:", .unknownKey, line: 25, "activites", "did you mean activities?"),
        Case("attempts: 3", "attempts: many", .wrongType, line: 14, "sources.atlas.retry.attempts", "1 to 20"),
        Case("attempts: 3", "attempts: 0", .outOfBounds, line: 14, "sources.atlas.retry.attempts", "1 to 20"),
        Case("{ attempts: 3 }", "{ base: 2 }", .wrongType, line: 14, "sources.atlas.retry.base", "500ms"),
        Case("{ attempts: 3 }", "{ base: 2h }", .outOfBounds, line: 14, "sources.atlas.retry.base", "1m"),
        Case("{ attempts: 3 }", "{ base: 2s, max: 1s }", .conflict, line: 14, "sources.atlas.retry", "raise max"),
        Case("name: text", "Name: text", .invalidName, line: 5, "object_types.country.datapoints.Name"),
        Case("name: text", "object: text", .invalidName, line: 5, "object_types.country.datapoints.object"),
        Case("area: number", "area: int", .unknownValue, line: 6, "object_types.country.datapoints.area", "number"),
        Case(
            "area: number", "area: { type: number, normalise: separators }", .unknownKey, line: 6,
            "object_types.country.datapoints.area.normalise", "did you mean normalize?"),
        Case(
            "area: number", "area: { type: number, normalize: whitespace }", .unknownValue, line: 6,
            "object_types.country.datapoints.area.normalize", "for number write separators, or { decimal"),
        Case(
            "area: number", "area: { type: boolean, normalize: { true: [1] } }", .unknownValue, line: 6,
            "object_types.country.datapoints.area.normalize", "list of texts"),
        Case(
            "area: number", "area: { type: datetime, normalize: { formats: [\"%Y-%m-%d\"] } }", .unknownValue, line: 6,
            "object_types.country.datapoints.area.normalize", "%H"),
        Case("<<$object>>", "<<$object|uper>>", .invalidTemplate, line: 11, "\(template).url", "did you mean upper?"),
        Case("<<$object>>", "<<$object|default>>", .invalidTemplate, line: 11, "\(template).url", "default:"),
        Case(
            "<<$secret.HOOK>>", "<<$secret.HOOK|trim>>", .unknownVariable, line: 24,
            "webhook_endpoints.receiver.secret",
            "secrets have no defaults and no filters; write <<$secret.HOOK>> alone"),
        Case(
            "Bearer <<$secret.ATLAS_TOKEN>>", "'Bearer <<$secret.ATLAS_TOKEN|default:\"hunter2\">>'", .invalidTemplate,
            line: 13, "\(template).headers.authorization",
            "secrets have no defaults and no filters; write <<$secret.ATLAS_TOKEN>> alone"),
        Case(
            "<<$secret.ATLAS_TOKEN>>", "<<$secret.ATLAS_TOKEN|default>>", .invalidTemplate, line: 13,
            "\(template).headers.authorization", "write <<$secret.ATLAS_TOKEN>> alone"),
        Case("organization: demo", "organization: 7", .wrongType, line: 1, "organization", "\"7\""),
        Case("organization: demo", "name: demo", .missingKey, line: 1, "", "organization"),
        Case("sources: [atlas]", "sources: [atlass]", .missingReference, line: 29, "\(activity).sources[0]", "atlas?"),
        Case("sources: [atlas]", "sources: []", .missingReference, line: 29, "\(activity).sources"),
        Case("sources: [atlas]", "sources: [atlas, atlas]", .conflict, line: 29, "\(activity).sources[1]"),
        Case("object_type: country", "object_type: county", .missingReference, line: 28, "\(activity).object_type"),
        Case("type: enrichment", "type: enrich", .unknownValue, line: 27, "\(activity).type", "enrichment"),
        Case("[receiver]", "receiver", .wrongType, line: 30, "\(activity).webhook_endpoints", "[first"),
        Case("url: https://example", "url: ftp://example", .invalidURL, line: 23, "webhook_endpoints.receiver.url"),
        Case("https://example", "https://a:b@example", .invalidURL, line: 23, "webhook_endpoints.receiver.url"),
        Case("base_url: http://127.0.0.1:4001", "name: A", .invalidURL, line: 11, "\(template).url", "base_url"),
        Case("url: /countries", "url: https://<<$object>>", .invalidTemplate, line: 11, "\(template).url", "host"),
        Case(
            "authorization: Bearer", "content-length: 1", .invalidTemplate, line: 13,
            "\(template).headers.content-length"),
        Case("headers:", "heders:", .unknownKey, line: 12, "\(template).heders", "did you mean headers?"),
        Case("<<$object>>", "<<$objct>>", .unknownVariable, line: 11, "\(template).url", "did you mean object?"),
        Case(
            "<<$secret.ATLAS_TOKEN>>", "<<$secrets.A>>", .unknownVariable, line: 13, "\(template).headers.authorization"
        ),
        Case("name: [name]", "nmae: [name]", .missingReference, line: 19, "\(mappings).nmae"),
        Case("name: [name]", "name: name.common", .invalidPath, line: 19, "\(mappings).name"),
        Case("name: [name]", "name: [{}]", .invalidPath, line: 19, "\(mappings).name"),
        Case("retry: { attempts: 3 }", "max_objects: 5\n    object_source: {}", .duplicateKey, line: 15, ""),
        Case("<<$secret.HOOK>>", "whsec_c2VjcmV0", .literalSecret, line: 24, "webhook_endpoints.receiver.secret"),
    ]

    @Test(arguments: cases)
    func saysWhereWhatAndWhatToDo(_ example: Case) throws {
        let found = problems(in: smallCatalogue.changing(example.part, to: example.replacement))
        let problem = try #require(found.first { $0.code == example.code }, "\(found)")
        guard case .file(let line, let column) = problem.place else {
            Issue.record("no place in the file: \(problem)")
            return
        }
        #expect(line == example.line && column > 0)
        #expect(problem.path == example.path)
        #expect(problem.what.isEmpty == false && problem.remedy.isEmpty == false)
        #expect(problem.description(file: "x.yaml").contains(example.mentions))
    }

    @Test func theFixtureItselfIsRight() {
        #expect(problems(in: smallCatalogue).isEmpty)
    }

    @Test func namesLineAndColumnInOneLine() {
        let text = smallCatalogue.changing("attempts: 3", to: "attempts: 0")
        #expect(
            problems(in: text).map { $0.description(file: "c.yaml") } == [
                "c.yaml:14:24: sources.atlas.retry.attempts: 0 is out of bounds; write 1 to 20"
            ]
        )
    }

    @Test func collectsEveryProblemInTheOrderOfTheFile() {
        let text =
            smallCatalogue
            .changing("attempts: 3", to: "attempts: 0")
            .changing("area: number", to: "area: int")
            .changing("<<$secret.HOOK>>", to: "whsec_c2VjcmV0")
            .changing("type: enrichment", to: "kind: enrichment")
        #expect(
            problems(in: text).map(\.code) == [.unknownValue, .outOfBounds, .literalSecret, .unknownKey, .missingKey]
        )
    }

    @Test func neverRepeatsALiteralSecret() {
        let text = smallCatalogue.changing("<<$secret.HOOK>>", to: "whsec_c2VjcmV0")
        #expect(!"\(problems(in: text))".contains("c2VjcmV0"))
    }

    @Test func aBrokenSourceIsNoMissingReference() {
        let text = smallCatalogue.changing("url: /countries/<<$object>>", to: "url: [7]")
        #expect(problems(in: text).map(\.code) == [.wrongType])
    }

    @Test func refusesTwoObjectsPerRequestWithoutNamesInTheAnswer() {
        let text =
            smallCatalogue
            .changing("object_source:\n      country: [code]", to: "max_objects: 2")
        #expect(problems(in: text).map(\.code) == [.conflict])
    }

    @Test func refusesASourceThatMapsNothingOfTheActivitysType() {
        let empty = "  empty:\n    run_request_template: { url: \"https://a.example/\" }\n"
        let text =
            smallCatalogue
            .changing("webhook_endpoints:\n", to: "\(empty)webhook_endpoints:\n")
            .changing("[atlas]", to: "[atlas, empty]")
        #expect(problems(in: text).map(\.path) == ["activities.enrich.sources[1]"])
    }

    @Test func refusesSectionsBesideOrganizations() {
        let text = "organizations: { one: {} }\nsources: { a: {} }\n"
        #expect(problems(in: text).map(\.code) == [.conflict])
    }

    @Test func refusesABodyThatWouldNotComeBackTheSame() {
        for number in ["1e3", "-0", "-0.0"] {
            let body = "url: /x\n      method: POST\n      body: { n: \(number) }"
            let text = smallCatalogue.changing("url: /countries/<<$object>>", to: body)
            #expect(problems(in: text).map(\.path) == ["sources.atlas.run_request_template.body.n"])
        }
    }
}

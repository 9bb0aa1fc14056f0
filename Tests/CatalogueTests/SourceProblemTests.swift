import Catalogue
import Testing

@Suite("Problems of a source")
struct SourceProblemTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let lines: String
        let code: CatalogueProblem.Code
        let path: String
        let mentions: String

        init(_ lines: String, _ code: CatalogueProblem.Code, _ path: String, _ mentions: String) {
            (self.lines, self.code, self.path, self.mentions) = (lines, code, path, mentions)
        }

        var testDescription: String { "\(code.rawValue) \(path): \(lines.replacing("\n", with: " "))" }
    }

    static let run = "run_request_template: { url: /a }\n"
    static let job = """
        run_request_template: { url: /a, body: { n: <<$objects>> } }
        status_request_template: { url: /a/<<$run_external_id>> }
        job: { external_id: [id], status: [status], done: [ok] }
        """

    static let credentials = [
        Case("auth: { type: apikey }", .unknownValue, "auth.type", "did you mean api_key?"),
        Case("auth: { name: a }", .missingKey, "auth", "add type: api_key, basic, bearer or oauth2"),
        Case(
            "auth: { type: bearer, token: <<$secret.A>>, tokn: a }", .unknownKey, "auth.tokn",
            "did you mean token? Known here: type, token"),
        Case(
            "auth: { type: bearer, token: <<$secret.A>>, scope: a }", .conflict, "auth.scope",
            "type bearer has no scope"),
        Case("auth: { type: bearer, token: hunter2 }", .literalSecret, "auth.token", "write <<$secret.NAME>>"),
        Case("auth: { type: bearer, token: 7734 }", .literalSecret, "auth.token", "write <<$secret.NAME>>"),
        Case("auth: { type: bearer, token: \"<<$secret>\" }", .literalSecret, "auth.token", "names no secret"),
        Case("auth: { type: bearer, token: <<$secret.lower>> }", .unknownVariable, "auth.token", "capitals"),
        Case("auth: { type: bearer, token: <<$object>> }", .unknownVariable, "auth.token", "nothing else is variable"),
        Case(
            "auth: { type: bearer, token: \"<<$secret.A>> <<$\" }", .unknownVariable, "auth.token",
            "not the name of a secret alone"),
        Case(
            #"auth: { type: bearer, token: '<<$secret.A|default:"b">>' }"#, .unknownVariable, "auth.token",
            "secrets have no defaults and no filters; write <<$secret.A>> alone"),
        Case(
            "auth: { type: bearer, token: <<$secret.A|default>> }", .unknownVariable, "auth.token",
            "secrets have no defaults and no filters; write <<$secret.A>> alone"),
        Case("auth: { type: bearer, token: \"<<$secret.A>>\\n\" }", .wrongType, "auth.token", "line break"),
        Case("auth: { type: api_key, name: \"x y\", value: <<$secret.A>> }", .invalidName, "auth.name", "header field"),
        Case("auth: { type: api_key, name: host, value: <<$secret.A>> }", .invalidName, "auth.name", "HTTP client"),
        Case("auth: { type: api_key, in: body, name: a, value: <<$secret.A>> }", .unknownValue, "auth.in", "query"),
        Case("auth: { type: api_key, name: a, value: hunter2 }", .literalSecret, "auth.value", "secret itself"),
        Case("auth: { type: basic, username: a }", .missingKey, "auth", "password"),
        Case("auth: { type: basic, username: a, password: hunter2 }", .literalSecret, "auth.password", "secret itself"),
        Case("auth: { type: basic, username: \"a:b\", password: <<$secret.A>> }", .wrongType, "auth.username", "colon"),
        Case("auth: { type: oauth2, client_id: a, client_secret: <<$secret.A>> }", .missingKey, "auth", "token_url"),
        Case(
            "auth: { type: oauth2, token_url: token, client_id: a, client_secret: <<$secret.A>> }", .invalidURL,
            "auth.token_url", "URL"),
        Case(
            "auth: { type: oauth2, token_url: /t, client_id: a, client_secret: hunter2 }", .literalSecret,
            "auth.client_secret", "secret itself"),
        Case(
            "auth: { type: oauth2, token_url: /t, client_id: a, client_secret: <<$secret.A>>, parameters: { scope: b } }",
            .conflict, "auth.parameters.scope", "beside parameters"),
        Case(
            "auth: { type: oauth2, token_url: /t, client_id: a, client_secret: <<$secret.A>>, parameters: { b: <<$object>> } }",
            .unknownVariable, "auth.parameters.b", "no secret"),
    ]

    static let pages = [
        Case("pagination: { type: pages }", .unknownValue, "pagination.type", "did you mean page?"),
        Case("pagination: { type: page, parameter: p }", .missingKey, "pagination", "items is missing"),
        Case("pagination: { type: page, items: [] }", .missingKey, "pagination", "place <<$cursor>>"),
        Case(
            "pagination: { type: page, parameter: p, items: [], size: 3 }", .conflict, "pagination.size",
            "page has no size"),
        Case(
            "pagination: { type: page, parameter: p, items: [], start: -1 }", .outOfBounds, "pagination.start", "0 to"),
        Case("pagination: { type: offset, parameter: o, items: [] }", .missingKey, "pagination", "size is missing"),
        Case("pagination: { type: offset, parameter: o, items: [], size: 0 }", .outOfBounds, "pagination.size", "1 to"),
        Case("pagination: { type: cursor, parameter: c }", .missingKey, "pagination", "next is missing"),
        Case("pagination: { type: link, parameter: c }", .conflict, "pagination.parameter", "link has no parameter"),
        Case("pagination: { type: next_url }", .missingKey, "pagination", "next is missing"),
        Case("pagination: { type: next_url, next: a.b }", .invalidPath, "pagination.next", "[a, b]"),
        Case("pagination: { type: link, pages_max: 10001 }", .outOfBounds, "pagination.pages_max", "10000"),
        Case("pagination: { type: link, page_max: 3 }", .unknownKey, "pagination.page_max", "did you mean pages_max?"),
    ]

    static let rules = [
        Case("response_rules: { action: fail }", .wrongType, "response_rules", "a list"),
        Case("response_rules: [{ when: { status: 404 } }]", .missingKey, "response_rules[0]", "no_data"),
        Case("response_rules: [{ action: ignore }]", .unknownValue, "response_rules[0].action", "pause_source"),
        Case(
            "response_rules: [{ wehn: {}, action: fail }]", .unknownKey, "response_rules[0].wehn", "did you mean when?"),
        Case(
            "response_rules: [{ when: { code: 1 }, action: fail }]", .unknownKey, "response_rules[0].when.code",
            "status"
        ),
        Case(
            "response_rules: [{ when: { status: 4XX }, action: fail }]", .wrongType, "response_rules[0].when.status",
            "4xx"),
        Case(
            "response_rules: [{ when: { status: [404, 40] }, action: fail }]", .outOfBounds,
            "response_rules[0].when.status[1]", "200 to 599"),
        Case(
            "response_rules: [{ when: { body: { path: [a] } }, action: fail }]", .missingKey,
            "response_rules[0].when.body", "equals: VALUE"),
        Case(
            "response_rules: [{ when: { body: { path: [a], equals: 1, exists: true } }, action: fail }]", .conflict,
            "response_rules[0].when.body", "several tests"),
        Case(
            "response_rules: [{ when: { body: { path: [a], exists: false } }, action: fail }]", .unknownValue,
            "response_rules[0].when.body.exists", "exists: true"),
        Case(
            "response_rules: [{ when: { body: { path: [a], equals: {} } }, action: fail }]", .wrongType,
            "response_rules[0].when.body.equals", "a value"),
        Case(
            "response_rules: [{ when: { header: { name: a, equals: null } }, action: fail }]", .wrongType,
            "response_rules[0].when.header.equals", "text"),
        Case(
            "response_rules: [{ when: { header: { name: \"a b\", exists: true } }, action: fail }]", .invalidName,
            "response_rules[0].when.header.name", "header field"),
        Case(
            "response_rules: [{ when: { body: { path: [a], in: [] } }, action: fail }]", .outOfBounds,
            "response_rules[0].when.body.in", "1 to 64"),
        Case("response_rules: [{ action: fail, after: 3s }]", .conflict, "response_rules[0].after", "retry_later"),
        Case(
            "response_rules: [{ action: retry_later, after: 0s }]", .outOfBounds, "response_rules[0].after", "1s to 24h"
        ),
        Case("response_rules: [{ action: refresh_credentials }]", .conflict, "response_rules[0].action", "oauth2"),
        Case(
            "response_rules: [{ action: fail }, { when: { status: 404 }, action: no_data }]", .conflict,
            "response_rules[1]", "every answer fits an earlier one"),
        Case(
            "response_rules: [{ when: { status: 4xx }, action: fail }, { when: { status: [404] }, action: no_data }]",
            .conflict, "response_rules[1]", "narrower rule first"),
    ]

    static let limits = [
        Case("rate: 10", .wrongType, "rate", "10/s"), Case("rate: 10/d", .wrongType, "rate", "per s, m or h"),
        Case("rate: 0/s", .outOfBounds, "rate", "1 to 1000000"), Case("rate: [1]", .wrongType, "rate", "a list"),
        Case("rate_group: shred", .missingReference, "rate_group", "did you mean shared?"),
        Case("concurrency: 2000", .outOfBounds, "concurrency", "1 to 1024"),
    ]

    @Test(arguments: credentials + pages + rules + limits)
    func saysWhereWhatAndWhatToDo(_ example: Case) {
        expect(example, before: Self.run)
    }

    static let jobs = [
        Case("done: [ok]", "done: []", .outOfBounds, "job.done", "1 to 64"),
        Case("external_id: [id], ", "", .missingKey, "job", "external_id is missing"),
        Case("done: [ok]", "done: [ok], failed: [ok]", .conflict, "job.failed", "stands in done too"),
        Case("done: [ok]", "done: [ok], pol: {}", .unknownKey, "job.pol", "did you mean poll?"),
        Case("done: [ok]", "done: [ok], poll: { base: 2m, max: 1m }", .conflict, "job.poll", "raise max"),
        Case("done: [ok]", "done: [ok], deadline: 1m, no_progress: 2m", .conflict, "job.no_progress", "deadline"),
        Case(
            "done: [ok]", "done: [ok], unknown_submission: look_up", .conflict, "job.unknown_submission",
            "lookup_request"),
        Case(
            "done: [ok]", "done: [ok], unknown_submission: ask", .unknownValue, "job.unknown_submission", "submit_again"
        ),
        Case(
            "done: [ok]", "done: [ok], lookup_external_id: [id]", .conflict, "job.lookup_external_id", "lookup_request"),
        Case(
            "job: {", "lookup_request_template: { url: /l }\njob: { unknown_submission: fail, ", .conflict,
            "lookup_request_template", "never used"),
        Case("job: {", "pagination: { type: link }\njob: {", .conflict, "pagination", "delivery_request_template"),
        Case(
            "status_request_template: { url: /a/<<$run_external_id>> }", "name: A", .missingKey, "",
            "status_request_template"),
        Case(
            "url: /a/<<$run", "url: /a/<<$rnu", .unknownVariable, "status_request_template.url",
            "did you mean run_external_id?"),
        Case(
            "url: /a/<<$run_external_id", "url: /a/<<$callback_url", .unknownVariable, "status_request_template.url",
            "run_request_template"),
        Case("n: <<$objects>>", "n: <<$run_external_id>>", .unknownVariable, "run_request_template.body.n", "status_"),
        Case("n: <<$objects>>", "n: <<$cursor>>", .unknownVariable, "run_request_template.body.n", "pagination"),
    ]

    @Test(arguments: jobs)
    func saysWhatIsWrongWithAJob(_ example: Case) {
        expect(example, before: "")
    }

    static let templates = [
        Case("run_request_template: { url: /<<$cursor>> }", .unknownVariable, "run_request_template.url", "pagination"),
        Case("run_request_template: { url: /<<$callback_url>> }", .unknownVariable, "run_request_template.url", "job"),
        Case(
            "run_request_template: { url: /<<$submission_key>> }", .unknownVariable, "run_request_template.url", "job"),
        Case(
            "run_request_template: { url: /<<$run_external_id>> }", .unknownVariable, "run_request_template.url",
            "status_"),
        Case(
            "run_request_template: { url: /<<$cursor>> }\npagination: { type: link }", .unknownVariable,
            "run_request_template.url", "page, offset or cursor"),
        Case(
            "run_request_template: { url: /<<$cursor>> }\npagination: { type: page, parameter: p, items: [] }",
            .conflict,
            "pagination.parameter", "places <<$cursor>> itself"),
        Case(
            "run_request_template: { url: /a, query: { p: 1 } }\npagination: { type: page, parameter: p, items: [] }",
            .conflict, "run_request_template.query.p", "on every page"),
        Case(
            "run_request_template: { url: /a }\nabort_request_template: { url: /b }", .conflict,
            "abort_request_template",
            "add job"),
        Case(
            "run_request_template: { url: /a }\nstatus_request_template: { url: \"/<<$run_external_id>>\" }", .conflict,
            "status_request_template", "add job"),
        Case(
            "run_request_template: { url: /a, headers: { Authorization: x } }\nauth: { type: bearer, token: <<$secret.A>> }",
            .conflict, "run_request_template.headers.Authorization", "auth sends this already"),
        Case(
            "run_request_template: { url: /a, query: { k: x } }\nauth: { type: api_key, in: query, name: k, value: <<$secret.A>> }",
            .conflict, "run_request_template.query.k", "auth sends this already"),
    ]

    @Test(arguments: templates)
    func saysWhatDoesNotFitATemplate(_ example: Case) {
        expect(example, before: "")
    }

    @Test(arguments: [
        "token: hunter2", "token: 77345", "token: \"hunter2 <<$secret.lower>>\"", "token: [hunter2]",
        #"token: '<<$secret.A|default:"hunter2">>'"#, #"token: '<<$secret.A>><<$secret.A|default:"hunter2">>'"#,
    ])
    func neverRepeatsACredential(line: String) {
        let found = problems(in: sourceCatalogue(Self.run + "auth: { type: bearer, \(line) }"))
        #expect(!found.isEmpty)
        #expect(!"\(found)".contains("hunter2") && !"\(found)".contains("77345"))
    }

    @Test(arguments: [
        ("{}", CatalogueProblem.Code.missingKey), ("{ concurrency: 0 }", .outOfBounds), ("{ rate: often }", .wrongType),
        ("{ rates: 5/s, concurrency: 1 }", .unknownKey),
    ])
    func refusesASharedLimitThatIsNone(body: String, code: CatalogueProblem.Code) {
        let found = problems(in: "organization: a\nrate_groups: { shared: \(body) }")
        #expect(found.map(\.code) == [code])
        #expect(found.first?.path.hasPrefix("rate_groups.shared") == true)
    }

    @Test func saysWhereToDeclareASharedLimit() {
        let found = problems(in: sourceCatalogue(Self.run + "rate_group: shared"))
        #expect(found.map(\.code) == [.missingReference])
        #expect(found.first?.remedy.contains("rate_groups: {") == true)
    }

    @Test func sharedLimitsBelongToNoOrganization() {
        let found = problems(in: "organizations: { a: { rate_groups: { shared: { rate: 1/s } } } }")
        #expect(found.map(\.path) == ["organizations.a.rate_groups"])
    }

    @Test func aFaultyPartMakesNoOthers() {
        for lines in [
            "auth: { type: oauth2 }\nresponse_rules: [{ action: refresh_credentials }]",
            "pagination: { type: page, parameter: p }",
            "response_rules: [{ when: { status: 1 }, action: fail }, { action: retry }]",
        ] {
            let codes = Set(problems(in: sourceCatalogue(Self.run + lines)).map(\.code))
            #expect(codes.count == 1 && !codes.contains(.conflict), "\(lines): \(codes)")
        }
    }

    private func expect(_ example: Case, before: String) {
        let top = "rate_groups: { shared: { concurrency: 1 } }"
        let found = problems(in: sourceCatalogue(before + example.lines, top: top))
        let path = example.path.isEmpty ? "sources.api" : "sources.api.\(example.path)"
        // One mistake is one problem.
        #expect(found.map(\.code) == [example.code] && found.first?.path == path, "\(found)")
        #expect(found.first?.description(file: "x.yaml").contains(example.mentions) == true, "\(found)")
    }
}

extension SourceProblemTests.Case {
    /// A change of ``SourceProblemTests/job``.
    fileprivate init(
        _ part: String, _ replacement: String, _ code: CatalogueProblem.Code, _ path: String, _ mentions: String
    ) {
        self.init(SourceProblemTests.job.changing(part, to: replacement), code, path, mentions)
    }
}

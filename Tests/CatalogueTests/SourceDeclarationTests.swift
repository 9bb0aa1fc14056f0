import Catalogue
import JSON
import Mapping
import Sources
import Testing

@Suite("Reading how a source is called")
struct SourceDeclarationTests {
    private func source(_ lines: String, top: String = "") throws -> SourceDefinition {
        try CatalogueDefinition(parsing: sourceCatalogue(lines, top: top)).organizations[0].sources[0]
    }

    private func setup(_ lines: String, top: String = "") throws -> SourceSetup {
        try source("run_request_template: { url: /companies }\n" + lines, top: top).setup
    }

    static let credentials: [(String, Authentication)] = [
        (
            "{ type: api_key, name: x-api-key, value: \"Key <<$secret.KEY>>\" }",
            .apiKey(place: .header, name: "x-api-key", value: "Key <<$secret.KEY>>")
        ),
        (
            "{ type: api_key, in: query, name: api_key, value: <<$secret.KEY>> }",
            .apiKey(place: .query, name: "api_key", value: "<<$secret.KEY>>")
        ),
        (
            "{ type: basic, username: weir, password: <<$secret.PASSWORD>> }",
            .basic(username: "weir", password: "<<$secret.PASSWORD>>")
        ),
        ("{ type: basic, username: <<$secret.KEY>> }", .basic(username: "<<$secret.KEY>>", password: "")),
        ("{ type: bearer, token: <<$secret.TOKEN>> }", .bearer(token: "<<$secret.TOKEN>>")),
        (
            "{ type: oauth2, token_url: /token, client_id: weir, client_secret: <<$secret.CLIENT>> }",
            .clientCredentials(
                ClientCredentials(
                    tokenURL: "https://api.example.com/v1/token", clientID: "weir", clientSecret: "<<$secret.CLIENT>>"))
        ),
        (
            """
            { type: oauth2, token_url: "https://login.example.com/token", client_id: <<$secret.ID>>,
                  client_secret: <<$secret.CLIENT>>, scope: read write, client_auth: body,
                  parameters: { resource: r, audience: <<$secret.AUDIENCE>> } }
            """,
            .clientCredentials(
                ClientCredentials(
                    tokenURL: "https://login.example.com/token", clientID: "<<$secret.ID>>",
                    clientSecret: "<<$secret.CLIENT>>", scope: "read write",
                    parameters: [
                        .init(name: "resource", value: "r"), .init(name: "audience", value: "<<$secret.AUDIENCE>>"),
                    ],
                    clientAuthentication: .body))
        ),
    ]

    @Test(arguments: credentials)
    func readsCredentials(yaml: String, expected: Authentication) throws {
        #expect(try setup("auth: \(yaml)").authentication == expected)
    }

    static let pages: [(String, Pagination)] = [
        (
            "{ type: page, parameter: page, items: [results, \"*\"] }",
            Pagination(style: .page(start: 1), parameter: "page", items: ["results", "*"])
        ),
        (
            "{ type: offset, parameter: skip, size: 100, start: 1, items: [], total: [meta, total], pages_max: 10 }",
            Pagination(
                style: .offset(start: 1, size: 100), parameter: "skip", items: [], total: ["meta", "total"],
                pagesMax: 10)
        ),
        (
            "{ type: cursor, parameter: after, next: [meta, next] }",
            Pagination(style: .cursor(next: ["meta", "next"]), parameter: "after")
        ),
        ("{ type: link }", Pagination(style: .link)),
        ("{ type: next_url, next: [links, next] }", Pagination(style: .nextURL(path: ["links", "next"]))),
    ]

    @Test(arguments: pages)
    func readsPagination(yaml: String, expected: Pagination) throws {
        #expect(try setup("pagination: \(yaml)").pagination == expected)
    }

    @Test func aTemplateCanPlaceTheCursorItself() throws {
        let lines = """
            run_request_template: { url: /search, body: { query: <<$object>>, after: <<$cursor>> } }
            pagination: { type: cursor, next: [after] }
            """
        #expect(try source(lines).setup.pagination == Pagination(style: .cursor(next: ["after"])))
    }

    @Test func readsRulesInTheirOrder() throws {
        let rules = try setup(
            """
            auth: { type: oauth2, token_url: /token, client_id: a, client_secret: <<$secret.S>> }
            response_rules:
              - when: { status: 200, body: { path: [error, code], equals: RATE_LIMITED } }
                action: retry_later
                after: 90s
                reason: The API's quota is used up
              - { when: { status: [404, 410] }, action: no_data }
              - { when: { status: 4xx, header: { name: X-Remaining, in: [0, none] } }, action: pause_source }
              - { when: { body: { path: [data], equals: null } }, action: no_data }
              - { when: { body: { path: [expired], exists: true } }, action: refresh_credentials }
              - { when: { header: { name: content-type, contains: html } }, action: retry }
              - { action: fail }
            """
        ).responseRules
        #expect(
            rules == [
                ResponseRule(
                    statuses: .anyOf([200]), body: .init(path: ["error", "code"], test: .equals("RATE_LIMITED")),
                    action: .retryLater, afterMilliseconds: 90_000, reason: "The API's quota is used up"),
                ResponseRule(statuses: .anyOf([404, 410]), action: .noData),
                ResponseRule(
                    statuses: .hundreds(4), header: .init(name: "x-remaining", test: .anyOf(["0", "none"])),
                    action: .pauseSource),
                ResponseRule(body: .init(path: ["data"], test: .equals(.null)), action: .noData),
                ResponseRule(body: .init(path: ["expired"], test: .exists), action: .refreshCredentials),
                ResponseRule(header: .init(name: "content-type", test: .contains("html")), action: .retry),
                ResponseRule(action: .fail),
            ])
    }

    @Test func readsLimits() throws {
        let limits = try setup(
            "concurrency: 8\nrate: 600/m\nrate_group: shared", top: "rate_groups: { shared: { rate: 5000/h } }")
        #expect(limits.concurrency == 8 && limits.rateGroup == "shared")
        #expect(limits.rate == CallRate(calls: 600, perMilliseconds: 60_000))
        let catalogue = try CatalogueDefinition(
            parsing: "organization: a\nrate_groups: { x: { concurrency: 20, rate: 50/s }, y: { rate: 5000/h } }")
        #expect(catalogue.rateGroups.map(\.key) == ["x", "y"])
        #expect(catalogue.rateGroups[0].concurrency == 20)
        #expect(catalogue.rateGroups[0].rate == CallRate(calls: 50, perMilliseconds: 1000))
        #expect(catalogue.rateGroups[1].rate == CallRate(calls: 5000, perMilliseconds: 3_600_000))
    }

    @Test func sharedLimitsStandBesideSeveralOrganizations() throws {
        let text = """
            rate_groups: { shared: { concurrency: 2 } }
            organizations:
              one: { sources: { a: { run_request_template: { url: "http://x/" }, rate_group: shared } } }
              two: { sources: { b: { run_request_template: { url: "http://x/" }, rate_group: shared } } }
            """
        let organizations = try CatalogueDefinition(parsing: text).organizations
        #expect(organizations.map { $0.sources[0].setup.rateGroup } == ["shared", "shared"])
    }

    static let job = """
        run_request_template:
          url: /exports
          headers: { idempotency-key: <<$submission_key>> }
          body: { names: <<$objects>>, notify: <<$callback_url>> }
        status_request_template: { url: /exports/<<$run_external_id>> }
        delivery_request_template: { url: /exports/<<$run_external_id>>/rows }
        abort_request_template: { method: POST, url: /exports/<<$run_external_id>>/cancel }
        cleanup_request_template: { method: DELETE, url: /exports/<<$run_external_id>> }
        job:
          external_id: [id]
          status: [status]
          done: [completed]
          failed: [error, 13, false]
          progress: [percent]
          poll: { base: 2s, max: 20s }
          deadline: 2h
          no_progress: 10m
        """

    @Test func readsAJobWithAllItsSteps() throws {
        let source = try source(Self.job)
        #expect(
            source.setup.job
                == AsynchronousJob(
                    externalID: ["id"], status: ["status"], done: ["completed"], failed: ["error", 13, false],
                    progress: ["percent"], pollBaseMilliseconds: 2000, pollMaxMilliseconds: 20_000,
                    deadlineMilliseconds: 7_200_000, noProgressMilliseconds: 600_000, unknownSubmission: .submitAgain))
        let base = "https://api.example.com/v1/exports/<<$run_external_id>>"
        #expect(source.templates[.status] == ["method": "GET", "url": .string(base)])
        #expect(source.templates[.delivery]?["url"] == .string(base + "/rows"))
        #expect(source.templates[.abort]?["method"] == "POST")
        #expect(source.templates[.cleanup]?["method"] == "DELETE")
        #expect(source.templates[.lookup] == nil)
    }

    @Test func pagesTheResultOfAJob() throws {
        let paged = Self.job + "\npagination: { type: page, parameter: page, items: [] }"
        #expect(try source(paged).setup.pagination?.parameter == "page")
        let placed =
            Self.job.changing("id>>/rows", to: "id>>/rows/<<$cursor>>")
            + "\npagination: { type: page, items: [] }"
        #expect(try source(placed).setup.pagination?.parameter == nil)
    }

    @Test func chooseTheSafestWayForSubmissionsThatNobodyKnowsOf() throws {
        let lookup = "\nlookup_request_template: { url: /exports, query: { key: <<$submission_key>> } }"
        let keyless = Self.job.changing("headers: { idempotency-key: <<$submission_key>> }", to: "method: POST")
        #expect(try source(Self.job).setup.job?.unknownSubmission == .submitAgain)
        #expect(try source(Self.job + lookup).setup.job?.unknownSubmission == .lookUp)
        #expect(try source(keyless).setup.job?.unknownSubmission == .fail)
        let declared = keyless.changing("progress:", to: "unknown_submission: submit_again\n  progress:")
        #expect(try source(declared).setup.job?.unknownSubmission == .submitAgain)
    }

    @Test func inputFieldsOfItsActivitiesAreVariables() throws {
        let text = sourceCatalogue(
            "run_request_template: { url: /search, query: { q: <<$query>>, place: <<$place>> } }")
        #expect(problems(in: text).map(\.code) == [.unknownVariable, .unknownVariable])
        let activities = """

            activities:
              find: { sources: [api], input: { query: text } }
              seek: { sources: [api], input: { place: text, query: text } }
              other: { sources: [], input: { elsewhere: text } }
            """
        // What is wrong with the activities themselves is not the subject.
        #expect(problems(in: text + activities).allSatisfy { $0.code != .unknownVariable })
        let elsewhere = (text + activities).changing("<<$place>>", to: "<<$elsewhere>>")
        #expect(problems(in: elsewhere).filter { $0.code == .unknownVariable }.count == 1)
    }

    @Test func theStoredFormIsTheDeclaredOne() throws {
        let setup = try source(Self.job).setup
        #expect(try SourceSetup(JSONValue(parsing: setup.json.encoded())) == setup)
    }
}

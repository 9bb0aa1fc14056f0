import JSON
import Mapping
import Sources
import Testing

@Suite("A source's setup as JSON")
struct SourceSetupJSONTests {
    /// Something in every place.
    static let full = SourceSetup(
        concurrency: 8, rate: CallRate(calls: 10, perMilliseconds: 60_000), rateGroup: "shared_api",
        timeoutMilliseconds: 1500, runTimeoutMilliseconds: 90_000, responseBytesMax: 20 << 20,
        retry: RetryPolicy(attempts: 5, baseMilliseconds: 250, maxMilliseconds: 10_000),
        authentication: .clientCredentials(
            ClientCredentials(
                tokenURL: "https://login.example.com/token", clientID: "weir", clientSecret: "<<$secret.CLIENT>>",
                scope: "read", parameters: [.init(name: "resource", value: "b"), .init(name: "audience", value: "a")],
                clientAuthentication: .body)),
        pagination: Pagination(
            style: .offset(start: 5, size: 50), parameter: "offset", items: ["results", "*"], total: ["meta", "total"],
            pagesMax: 7),
        responseRules: [
            ResponseRule(
                statuses: .anyOf([200]),
                body: .init(path: ["error", "code"], test: .equals("RATE_LIMITED")), action: .retryLater,
                afterMilliseconds: 60_500, reason: "The quota is used up"),
            ResponseRule(statuses: .anyOf([404, 410]), action: .noData),
            ResponseRule(
                statuses: .hundreds(4), header: .init(name: "x-remaining", test: .anyOf(["0", "1"])),
                action: .pauseSource),
            ResponseRule(body: .init(path: ["'*'", "**", 3], test: .exists), action: .refreshCredentials),
            ResponseRule(body: .init(path: ["data"], test: .equals(.null)), action: .noData),
            ResponseRule(header: .init(name: "content-type", test: .contains("html")), action: .fail),
        ],
        job: AsynchronousJob(
            externalID: ["id"], status: ["status"], done: ["completed", 3, true], failed: ["error"],
            progress: ["percent"],
            lookupExternalID: ["items", 0, "id"], pollBaseMilliseconds: 2000, pollMaxMilliseconds: 20_000,
            deadlineMilliseconds: 7_200_000, noProgressMilliseconds: 600_000, unknownSubmission: .lookUp))

    static let setups: [SourceSetup] =
        [SourceSetup(), full]
        + [
            .none, .apiKey(place: .query, name: "api_key", value: "<<$secret.KEY>>"),
            .apiKey(place: .header, name: "x-api-key", value: "Key <<$secret.KEY>>"),
            .basic(username: "<<$secret.KEY>>", password: ""), .bearer(token: "<<$secret.TOKEN>>"),
            .clientCredentials(ClientCredentials(tokenURL: "http://a/", clientID: "i", clientSecret: "<<$secret.S>>")),
        ].map { SourceSetup(authentication: $0) }
        + [
            Pagination(style: .page(start: 0), parameter: "page", items: ["results", "*"]),
            Pagination(style: .offset(start: 0, size: 100), items: []),
            Pagination(style: .cursor(next: ["meta", "next"]), parameter: "cursor"),
            Pagination(style: .link, pagesMax: 10_000), Pagination(style: .nextURL(path: ["next"]), total: ["n"]),
        ].map { SourceSetup(pagination: $0) }
        + AsynchronousJob.UnknownSubmission.allCases.map {
            SourceSetup(job: AsynchronousJob(externalID: ["a"], status: ["b"], done: ["c"], unknownSubmission: $0))
        }

    @Test(arguments: setups)
    func comesBackAsItWent(_ setup: SourceSetup) throws {
        #expect(try SourceSetup(setup.json) == setup)
        // As text too: what the database keeps.
        #expect(try SourceSetup(JSONValue(parsing: setup.json.encoded())) == setup)
    }

    @Test func hasTheKeysThatAreStored() throws {
        let expected = try JSONValue(
            parsing: Array(
                #"""
                {"concurrency": 8, "timeout_seconds": 1.5, "run_timeout_seconds": 90, "response_bytes_max": 20971520,
                 "retry": {"attempts": 5, "base_seconds": 0.25, "max_seconds": 10},
                 "rate": {"calls": 10, "per_seconds": 60}, "rate_group": "shared_api",
                 "auth": {"type": "oauth2", "token_url": "https://login.example.com/token", "client_id": "weir",
                          "client_secret": "<<$secret.CLIENT>>", "client_auth": "body", "scope": "read",
                          "parameters": [{"name": "resource", "value": "b"}, {"name": "audience", "value": "a"}]},
                 "pagination": {"type": "offset", "start": 5, "size": 50, "parameter": "offset",
                                "items": ["results", "*"], "total": ["meta", "total"], "pages_max": 7},
                 "response_rules": [
                    {"when": {"status": 200, "body": {"path": ["error", "code"], "equals": "RATE_LIMITED"}},
                     "action": "retry_later", "after_seconds": 60.5, "reason": "The quota is used up"},
                    {"when": {"status": [404, 410]}, "action": "no_data"},
                    {"when": {"status": "4xx", "header": {"name": "x-remaining", "in": ["0", "1"]}},
                     "action": "pause_source"},
                    {"when": {"body": {"path": ["'*'", "**", 3], "exists": true}}, "action": "refresh_credentials"},
                    {"when": {"body": {"path": ["data"], "equals": null}}, "action": "no_data"},
                    {"when": {"header": {"name": "content-type", "contains": "html"}}, "action": "fail"}],
                 "job": {"external_id": ["id"], "status": ["status"], "done": ["completed", 3, true],
                         "failed": ["error"], "progress": ["percent"], "lookup_external_id": ["items", 0, "id"],
                         "poll": {"base_seconds": 2, "max_seconds": 20}, "deadline_seconds": 7200,
                         "no_progress_seconds": 600, "unknown_submission": "look_up"}}
                """#.utf8))
        #expect(Self.full.json == expected, "\(Self.full.json)")
    }

    @Test func leavesOutWhatIsNotDeclared() {
        #expect(
            SourceSetup().json == [
                "concurrency": 16, "timeout_seconds": 30, "response_bytes_max": 10_485_760,
                "retry": ["attempts": 4, "base_seconds": .seconds(500), "max_seconds": 30],
            ])
    }

    @Test func fillsInDefaultsAndPassesOverWhatANewerVersionHasAdded() throws {
        #expect(try SourceSetup([:]) == SourceSetup())
        #expect(try SourceSetup(["job": .null, "rate": .null, "colour": "blue"]) == SourceSetup())
        let setup = try SourceSetup(["pagination": ["type": "page", "items": ["a"]], "retry": ["attempts": 2]])
        #expect(setup.pagination == Pagination(style: .page(start: 1), items: ["a"], pagesMax: 100))
        #expect(setup.retry == RetryPolicy(attempts: 2))
    }
}

import JSON

/// A workflow of three phases on 5,000 companies, and an API that always answers the same.
///
/// Two searches find the companies, many of them both, and whichever answers first; one call for each tells details, and knows a few of them not;
/// batches of 10 are asked for the verdict, which goes by the details. Each step has an endpoint of its own, the workflow has several.
struct LargeWorkflow: Sendable {
    static let objects = 5_000
    static let steps = ["search", "details", "verdict"]
    /// Every so many companies, the API knows one by its name only.
    private static let missingEvery = 500
    static let missing = objects / missingEvery
    private static let batch = 10
    static let searches = 2
    static let endpoints = (1...6).map { "workflow\($0)" }

    let platform: Platform

    /// Declares it and tells the API what to answer.
    func prepare() async throws {
        try await platform.database.apply(Self.yaml(api: platform.api.url, webhooks: platform.webhooks.url))
        let names = (0..<Self.objects).map { "company \($0)" }
        let companies = names.map { StubAPI.Company(name: $0) }
        platform.api.found(Array(companies[..<3_000]))
        platform.api.found(Array(companies[2_000...]), at: "/find/again")
        for (number, name) in names.enumerated() {
            let isMissing = number % Self.missingEvery == Self.missingEvery - 1
            let answer = StubAPI.answer(name).replacing(#""employees":42"#, with: #""employees":\#(number % 300)"#)
            platform.api.script(name, [isMissing ? .status(404) : .json(answer)])
        }
        // Calls and deliveries take a while, and some of these fail at first: a service is in the middle of something when it is killed.
        platform.api.slow(by: .milliseconds(40))
        platform.webhooks.slow(by: .milliseconds(200))
        platform.webhooks.answer(503, 200, 500, 200, 503)
    }

    /// Whether it has come to a moment.
    func hasReached(_ kill: WorkflowKillPlan.Kill) -> Bool {
        func isOver(_ done: Int, of all: Int) -> Bool { Double(done) > kill.share * Double(all) }
        switch kill.stretch {
        // The first half is what comes before all of them.
        case .search: return kill.share < 0.5 || platform.api.targets.count >= Self.searches
        case .details: return isOver(platform.api.targets.count - Self.searches, of: Self.objects)
        case .verdict:
            return isOver(platform.api.searches.count, of: (Self.objects - Self.missing) / Self.batch)
        case .end: return isOver(announcements, of: Self.endpoints.count)
        }
    }

    /// Endpoints that have heard of its end.
    var announcements: Int {
        let hooks = platform.webhooks.received.filter { $0.status == 200 }.map(\.endpoint)
        return Set(hooks).intersection(Self.endpoints).count
    }

    private static func yaml(api: String, webhooks: String) -> String {
        func receivers(_ keys: [String]) -> String {
            keys.map { "  \($0): { url: \"\(webhooks)/hooks/\($0)\", secret: \"<<$secret.HOOK>>\" }" }
                .joined(separator: "\n")
        }
        // A lost executor costs a run an attempt: these are more than it takes.
        let patience = "timeout: 60s\n    retry: { attempts: 20, base: 10ms, max: 50ms }"
        return """
            organization: acme
            object_types:
              company: { datapoints: { legal_name: text, industry: text, employees: number, founded: number } }
            sources:
              search:
                run_request_template: { url: "\(api)/find", query: { q: "<<$query>>" } }
                \(patience)
                object_source: { company: [results, "*", name] }
                datapoint_source: { company: { industry: [results, "*", profile, industry] } }
              another_search:
                run_request_template: { url: "\(api)/find/again", query: { q: "<<$query>>" } }
                \(patience)
                object_source: { company: [results, "*", name] }
                datapoint_source: { company: { industry: [results, "*", profile, industry] } }
              profiles:
                run_request_template: { url: "\(api)/profiles/<<$object>>" }
                concurrency: 64
                \(patience)
                datapoint_source: { company: { legal_name: [data, profile, legal_name], employees: [data, profile, employees] } }
              batches:
                run_request_template: { url: "\(api)/search", body: { names: "<<$objects>>" } }
                max_objects: \(batch)
                concurrency: 8
                \(patience)
                object_source: { company: [results, "*", name] }
                datapoint_source: { company: { founded: [results, "*", profile, founded] } }
            factors:
              sizeable: { object_type: company, datapoint: employees, operator: greater_equal, value: 200 }
            webhook_endpoints:
            \(receivers(steps + endpoints))
            activities:
              search_companies:
                type: extract
                object_type: company
                sources: [search, another_search]
                input: { query: { type: text, required: true } }
                max_objects: \(objects)
                webhook_endpoints: [search]
              detail_companies: { type: enrichment, object_type: company, sources: [profiles], webhook_endpoints: [details] }
              judge_companies:
                type: sourcing
                object_type: company
                sources: [batches]
                factors: [sizeable]
                webhook_endpoints: [verdict]
            workflows:
              pipeline:
                webhook_endpoints: [\(endpoints.joined(separator: ", "))]
                data:
                  search:
                    id: search_companies
                    setup: { config: { phase: 1 } }
                    destination: { activity: { id: [detail_companies] } }
                  details:
                    id: detail_companies
                    setup: { config: { phase: 2 } }
                    destination: { activity: { id: [judge_companies] } }
                  verdict:
                    id: judge_companies
                    setup: { config: { phase: 3 } }
            """
    }
}

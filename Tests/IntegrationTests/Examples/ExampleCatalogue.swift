import Catalogue
import Foundation
import JSON
import Testing

/// One of the catalogues in `examples/`, and what is asked for with it.
struct ExampleCatalogue: Sendable {
    /// The name of the file, and of the API among the stubs where it is one.
    let api: String
    /// The body of the request.
    let request: JSONValue

    static let directory = ExampleCatalogue(
        api: "directory", request: ["activity": "find_people", "objects": ["Eiche Bakery", "Nord Media"]])
    static let crm = ExampleCatalogue(
        api: "crm", request: ["activity": "list_accounts", "input": ["country": "DE"]])
    static let registry = ExampleCatalogue(
        api: "registry", request: ["activity": "fetch_filings", "objects": ["Nord Media", "Kranich Optics"]])
    static let batch = ExampleCatalogue(
        api: "batch",
        request: ["activity": "profile_companies", "objects": ["Eiche Bakery", "Nord Media", "Tal Energy"]])
    static let search = ExampleCatalogue(
        api: "search",
        request: ["activity": "search_companies", "input": ["query": "bakery", "place": "DE", "size_min": 10]])

    /// Three of the APIs in one workflow.
    static let prospects = ExampleCatalogue(
        api: "prospects", request: ["workflow": "find_prospects", "input": ["place": "DE"]])

    /// Those that ask for an activity.
    static let all = [directory, crm, registry, batch, search]

    /// Applies the file as it stands, but for the stubs' address, the waits between tries, and some values of the test's own.
    ///
    /// - Parameter overrides: `PATH=VALUE`, as `weir apply --set` takes them.
    func apply(to database: TestDatabase, stubs: StubAPIs, overrides: [String] = []) async throws {
        let file = TestDatabase.packageRoot.appending(path: "examples/\(api).yaml")
        let text = try String(contentsOf: file, encoding: .utf8)
            .replacing("http://127.0.0.1:4003", with: stubs.url)
            .replacing(
                "    timeout: 10s\n", with: "    timeout: 10s\n    retry: { attempts: 4, base: 50ms, max: 100ms }\n")
        let overrides = try overrides.map { text in
            guard let override = CatalogueOverride(argument: text) else { throw HarnessError("no override: \(text)") }
            return override
        }
        try await database.apply(text, overrides: overrides)
    }

    /// Asks for what the file is made for and gives the id of the request.
    func submit(_ client: IntakeClient) async throws -> String {
        let answer = try await client.post(request.encoded())
        guard answer.status == 202, let id = answer.json["id"]?.stringValue else {
            throw HarnessError("not accepted: HTTP \(answer.status) \(answer.json)")
        }
        return id
    }

    /// The values of each object in a request's result.
    static func result(of id: String, _ client: IntakeClient) async throws -> [String: JSONValue] {
        let answer = try await client.get("\(IntakeClient.requests)/\(id)/result?format=ndjson")
        return Dictionary(
            answer.lines.map { ($0["object"]?.stringValue ?? "", $0["values"] ?? .null) },
            uniquingKeysWith: { first, _ in first })
    }
}

/// Lends the stubs, and all of Weir with the example catalogues applied, and a client of their organization.
func withExamples(_ body: (Platform, IntakeClient, StubAPIs) async throws -> Void) async throws {
    try await StubAPIs.with { stubs in
        var options = Platform.Options()
        options.shared = StubAPIs.secrets
        try await withPlatform(options) { platform in
            for example in ExampleCatalogue.all { try await example.apply(to: platform.database, stubs: stubs) }
            // An organization of their own: the harness has sources of the same names.
            var client = platform.client
            client.key = try await platform.database.makeKey(of: "demo")
            try await body(platform, client, stubs)
            try await eventually("the end of all jobs") {
                try await platform.database.value(Bool.self, "select not exists (select from public.external_job)")
            }
            #expect(try await platform.database.unfinishedRows() == [])
            try await platform.expectNowhere(Array(StubAPIs.secrets.values) + StubAPIs.credentials)
        }
    }
}

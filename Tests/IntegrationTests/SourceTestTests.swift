import JSON
import Synchronization
import Testing

extension IntegrationTests {
    /// `weir source test` as a process of its own.
    @Suite("Trying sources out")
    struct SourceTestTests {
        /// What the API got.
        private final class Requests: Sendable {
            private let seen = Mutex<[StubRequest]>([])

            func note(_ request: StubRequest) { seen.withLock { $0.append(request) } }

            var all: [StubRequest] { seen.withLock { $0 } }
        }

        private static func catalogue(_ api: String, organization: String = "acme") -> String {
            """
            organization: \(organization)
            object_types:
              company:
                datapoints:
                  employees: { type: number, normalize: separators }
                  founded: date
                  industry: text
            sources:
              companies:
                base_url: \(api)
                auth: { type: api_key, in: query, name: key, value: <<$secret.API_KEY>> }
                run_request_template: { url: /companies/<<$object>>, query: { place: "<<$place>>" } }
                pagination: { type: cursor, parameter: from, next: [next] }
                datapoint_source:
                  company:
                    employees: [[company, staff], [company, size]]
                    founded: [company, founded]
                    industry: [company, industry]
            activities:
              look_up:
                type: enrichment
                object_type: company
                sources: [companies]
                input: { place: { type: text, default: Bonn } }
            """
        }

        private static let first =
            #"{"company":{"size":"1,234,567","founded":"long ago","mottos":["a s3cret/key+1","b"]},"next":"second"}"#
        private static let second = #"{"company":{"industry":"weirs"},"next":null}"#

        private func withCompanies(_ body: (String, Requests) async throws -> Void) async throws {
            let requests = Requests()
            let server = try StubServer { request in
                requests.note(request)
                if request.lastComponent == "Nobody" { return .json(#"{"company":null,"next":null}"#) }
                return .json(request.target.contains("from=second") ? Self.second : Self.first)
            }
            do {
                try await body(server.url, requests)
            } catch {
                await server.stop()
                throw error
            }
            await server.stop()
        }

        private let variables = ["WEIR_OUTBOUND_ALLOW": "127.0.0.0/8", "WEIR_SECRET_API_KEY": "s3cret/key+1"]

        @Test func aStoredSourceIsAskedOnceAndNothingOfItIsStored() async throws {
            try await withCompanies { api, requests in
                try await withDatabase { database in
                    try await database.apply(Self.catalogue(api))
                    try await WeirProgram.with(database: database, variables: variables) { weir in
                        let trial = try await weir.run("source", "test", "companies", "--object", "Abel", "--json")
                        try #require(trial.status == 0, "\(trial)")
                        try check(trial.json)
                        #expect(!trial.output.contains("s3cret") && !trial.errors.contains("s3cret"), "\(trial)")
                        #expect(requests.all.map(\.method) == ["GET", "GET"])
                        #expect(
                            requests.all[0].target == "/companies/Abel?place=Bonn&key=s3cret%2Fkey%2B1",
                            "\(requests.all[0].target)")

                        let text = try await weir.run("source", "test", "companies", "--object", "Abel")
                        #expect(text.status == 0 && !text.output.contains("s3cret"), "\(text)")
                        for words in [
                            "→ GET \(api)/companies/Abel?place=Bonn&key=***", "← HTTP 200",
                            "✓ run: an answer of 148 bytes on 2 pages",
                            "Abel    1234567    –        \"weirs\"",
                            "Abel: employees is \"1,234,567\" in the answer",
                            "founded: the text 'long ago' where a date such as 2024-01-31 is expected",
                            "$[*].company.mottos[*]      2  \"a ***\"",
                        ] {
                            #expect(text.output.contains(words), "\(words) is missing in \(text.output)")
                        }
                        let stored = try await database.value(
                            Int.self,
                            """
                            select (select count(*) from public.run_queue) + (select count(*) from public.object)
                                 + (select count(*) from public.value) + (select count(*) from public.source_token)
                            """)
                        #expect(stored == 0)

                        let nothing = try await weir.run("source", "test", "companies", "--object", "Nobody")
                        #expect(nothing.status == 1 && nothing.errors.contains("Nothing was mapped"), "\(nothing)")
                        let mistaken = try await weir.run("source", "test", "company")
                        #expect(
                            mistaken.status == 2 && mistaken.errors.contains("Known are companies"), "\(mistaken)")
                        let stepless = try await weir.run("source", "test", "companies", "--step", "status")
                        #expect(
                            stepless.status == 2 && stepless.errors.contains("take one that it has: run"), "\(stepless)"
                        )
                        try await database.apply(Self.catalogue(api, organization: "globex"))
                        let ambiguous = try await weir.run("source", "test", "companies", "--object", "Abel")
                        #expect(
                            ambiguous.status == 2 && ambiguous.errors.contains("acme, globex\nSay which with --org"),
                            "\(ambiguous)")
                        let chosen = try await weir.run(
                            "source", "test", "companies", "--object", "Abel", "--org", "globex", "--json")
                        #expect(chosen.status == 0 && chosen.json["organization"] == "globex", "\(chosen)")
                    }
                }
            }
        }

        private func check(_ json: JSONValue) throws {
            let type = try #require(json["object_types"]?.arrayValue?.first)
            let object = try #require(type["objects"]?.arrayValue?.first)
            #expect(object["object"] == "Abel" && object["kept"] == true)
            #expect(object["values"] == ["employees": 1_234_567, "industry": "weirs"])
            #expect(object["originals"] == ["employees": "1,234,567"])
            #expect(object["failures"]?.arrayValue?.first?["path"] == "$[0].company.founded")
            let paths = try #require(type["paths"]?.arrayValue)
            #expect(
                paths.map { $0["path"] } == [
                    ["company", "staff"], ["company", "size"], ["company", "founded"], ["company", "industry"],
                ])
            #expect(paths.map { $0["found"] } == [0, 1, 1, 1])
            #expect(paths[1]["places"] == [["path": "$[0].company.size", "value": "1,234,567"]])
            #expect(
                json["unread"]?.arrayValue?.map { $0["path"]?.stringValue } == [
                    "$[*].company.mottos[*]", "$[*].next",
                ])
            let calls = try #require(json["steps"]?.arrayValue?.first?["calls"]?.arrayValue)
            #expect(calls.count == 2)
            #expect(
                calls[0]["response"]?["body"] == .string(Self.first.replacing("s3cret/key+1", with: "***")),
                "\(calls[0])")
        }

        @Test func aFileIsTriedBeforeItIsAppliedAndStoredAnswersAreMappedWithoutACall() async throws {
            try await withCompanies { api, requests in
                try await WeirProgram.with(variables: variables) { weir in
                    let file = try weir.write(Self.catalogue("http://127.0.0.1:9"), to: "catalogue.yaml")
                    let called = try await weir.run(
                        "source", "test", "companies", "-f", file, "--set", "sources.companies.base_url=\(api)",
                        "--object", "Abel", "--input", "place=Ulm", "--json")
                    try #require(called.status == 0, "\(called)")
                    try check(called.json)
                    #expect(requests.all[0].target.contains("place=Ulm"))
                    let count = requests.all.count

                    let one = try weir.write(Self.first, to: "1.json")
                    let two = try weir.write(Self.second, to: "2.json")
                    let stored = try await weir.run(
                        "source", "test", "companies", "-f", file, "--object", "Abel", "--answer", one, "--answer",
                        two, "--json")
                    #expect(stored.status == 0, "\(stored)")
                    #expect(stored.json["object_types"]?.arrayValue?.count == 1)
                    #expect(
                        stored.json["object_types"]?.arrayValue?.first?["objects"]
                            == called.json["object_types"]?.arrayValue?.first?["objects"])
                    #expect(requests.all.count == count)

                    // Each says what to do, and a program learns what has happened so far.
                    for (arguments, words) in [
                        (["--object", "Abel"], "127.0.0.1:9"), ([], "Give objects with --object NAME"),
                        (["--object", "a", "--object", "b"], "takes at most 1 objects in one request"),
                        (["--object", "a", "--input", "plaec=x"], "did you mean 'place'?"),
                        (["--object", "a", "--activity", "x"], "These do: look_up"),
                        (["--object", "a", "--step", "status"], "has no status_request_template"),
                    ] {
                        let process = try weir.process(
                            ["source", "test", "companies", "-f", file, "--json"] + arguments)
                        try await process.start()
                        let status = await process.exitStatus()
                        #expect(status != 0 && process.errors.contains(words), "\(arguments): \(process.errors)")
                        #expect(!process.log.isEmpty == (status == 1), "\(process.log)")
                    }
                }
                try await WeirProgram.with(variables: ["WEIR_SECRET_API_KEY": "s3cret"]) { weir in
                    let file = try weir.write(Self.catalogue(api), to: "catalogue.yaml")
                    let refused = try await weir.run("source", "test", "companies", "-f", file, "--object", "Abel")
                    #expect(refused.status == 1 && refused.errors.contains("WEIR_OUTBOUND_ALLOW"), "\(refused)")
                }
            }
        }

        private static func jobs(_ api: String) -> String {
            """
            organization: acme
            object_types:
              company: { datapoints: { legal_name: text } }
            sources:
              orders:
                base_url: \(api)
                max_objects: 10
                run_request_template: { url: /jobs, body: { names: "<<$objects>>", key: "<<$submission_key>>" } }
                status_request_template: { url: /jobs/<<$run_external_id>> }
                delivery_request_template: { url: /jobs/<<$run_external_id>>/result }
                abort_request_template: { method: DELETE, url: /jobs/<<$run_external_id>> }
                cleanup_request_template: { method: POST, url: /jobs/<<$run_external_id>>/cleanup }
                job:
                  external_id: [id]
                  status: [status]
                  done: [completed]
                  failed: [error]
                  progress: [percent]
                  poll: { base: 100ms, max: 100ms }
                object_source: { company: [results, "*", name] }
                datapoint_source: { company: { legal_name: [results, "*", legal_name] } }
            """
        }

        @Test func aJobIsFollowedToItsEndAndNothingIsLeftAtTheAPI() async throws {
            let api = try StubJobs()
            do {
                try await WeirProgram.with(variables: variables) { weir in
                    let file = try weir.write(Self.jobs(api.url), to: "catalogue.yaml")
                    let command = ["source", "test", "orders", "-f", file, "--objects", "Abel,Bebel"]
                    let done = try await weir.run(
                        "source", "test", "orders", "-f", file, "--objects", "Abel,Bebel", "--json")
                    try #require(done.status == 0, "\(done)")
                    #expect(
                        done.json["steps"]?.arrayValue?.map { $0["step"]?.stringValue } == [
                            "run", "status", "status", "delivery", "cleanup",
                        ])
                    let objects = done.json["object_types"]?.arrayValue?.first?["objects"]?.arrayValue
                    #expect(
                        objects?.map { $0["values"] } == [["legal_name": "Abel GmbH"], ["legal_name": "Bebel GmbH"]])
                    #expect(api.jobs.map { [$0.fetched, $0.aborted, $0.cleaned] } == [[1, 0, 1]])

                    api.follow(.fails)
                    let failed = try await weir.run("source", "test", "orders", "-f", file, "--objects", "Abel")
                    #expect(failed.status == 1 && failed.errors.contains("The API's job ended as error"), "\(failed)")
                    #expect(api.jobs.last.map { [$0.fetched, $0.aborted, $0.cleaned] } == [0, 0, 1])

                    api.follow(.endless)
                    let late = try await weir.run(
                        "source", "test", "orders", "-f", file, "--objects", "Abel", "--wait", "1s")
                    #expect(late.status == 1 && late.errors.contains("was not done within 1.00 s"), "\(late)")
                    #expect(api.jobs.last.map { [$0.aborted, $0.cleaned] } == [1, 1])

                    let interrupted = try weir.process(command)
                    try await interrupted.start()
                    try await eventually("a poll") { api.jobs.count == 4 && api.jobs[3].polls > 1 }
                    let status = await interrupted.terminate()
                    #expect(status == 1 && interrupted.errors.contains("Interrupted"), "\(interrupted.errors)")
                    #expect(api.jobs.last.map { [$0.aborted, $0.cleaned] } == [1, 1])
                }
            } catch {
                await api.stop()
                throw error
            }
            await api.stop()
        }
    }
}

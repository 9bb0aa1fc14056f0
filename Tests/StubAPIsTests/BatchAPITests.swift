import JSON
import Testing

/// Submit, poll, fetch.
@Suite("Batch API")
struct BatchAPITests {
    // batch-user:batch-password
    private static let login = ("Authorization", "Basic YmF0Y2gtdXNlcjpiYXRjaC1wYXNzd29yZA==")
    private static let companies = #"{"companies":["Eiche Bakery","Nobody","Nord Media"]}"#

    /// Submits and gives the job's id.
    private static func submit(_ stubs: StubFixture, key: String? = nil, _ body: String = companies) async throws
        -> String
    {
        let answer = try await stubs.post(
            "/batch/v1/batches", [login] + (key.map { [("Idempotency-Key", $0)] } ?? []), body)
        #expect(answer.status == 202)
        return try #require(answer.json["batch"]?["id"]?.stringValue)
    }

    private static func poll(_ stubs: StubFixture, _ id: String) async throws -> (status: String?, progress: Int?) {
        let batch = try await stubs.get("/batch/v1/batches/\(id)", [login]).json["batch"]
        return (batch?["status"]?.stringValue, batch?["progress"]?.intValue)
    }

    @Test func jobIsDoneAfterItsPollsAndHasResultsThen() async throws {
        try await StubFixture.with { stubs in
            #expect(try await stubs.post("/batch/v1/batches", [], Self.companies).status == 401)
            let id = try await Self.submit(stubs)
            #expect(try await stubs.get("/batch/v1/batches/\(id)/results", [Self.login]).status == 409)
            let first = try await Self.poll(stubs, id)
            #expect(first.status == "running" && first.progress == 33)
            let last = try await Self.poll(stubs, id)
            #expect(last.status == "completed" && last.progress == 100)
            let results = try await stubs.get("/batch/v1/batches/\(id)/results", [Self.login]).json["results"]
            #expect(results?.arrayValue?.compactMap { $0["company"]?.stringValue } == ["Eiche Bakery", "Nord Media"])
            #expect(try await stubs.post("/batch/v1/batches", [Self.login], #"{"companies":[]}"#).status == 422)
            #expect(try await stubs.get("/batch/v1/batches/b-99", [Self.login]).status == 404)
        }
    }

    @Test func submissionWithTheSameKeyIsTheSameJob() async throws {
        try await StubFixture.with { stubs in
            let first = try await Self.submit(stubs, key: "k-1")
            let second = try await Self.submit(stubs, key: "k-1")
            let other = try await Self.submit(stubs, key: "k-2")
            #expect(second == first && other != first)
            let found = try await stubs.get("/batch/v1/batches?key=k-1", [Self.login]).json["batches"]
            #expect(found?[0]?["id"]?.stringValue == first)
            #expect(try await stubs.get("/batch/v1/batches?key=k-9", [Self.login]).json["batches"] == [])
            let counts = try await stubs.counts("batch")
            #expect(counts["jobs_created"] == 2 && counts["jobs_repeated"] == 1)
        }
    }

    @Test func jobsFailHangAndLoseProgressAsPlanned() async throws {
        try await StubFixture.with { stubs in
            #expect(
                try await stubs.plan(
                    "batch", #"[{"kind":"job_fails"},{"kind":"job_hangs"},{"kind":"job_loses_progress"}]"#)
                    == 204)
            let failing = try await Self.submit(stubs)
            let hanging = try await Self.submit(stubs)
            let losing = try await Self.submit(stubs)
            let good = try await Self.submit(stubs)
            var progress: [Int?] = []
            for _ in 0..<5 {
                _ = try await Self.poll(stubs, failing)
                _ = try await Self.poll(stubs, hanging)
                _ = try await Self.poll(stubs, good)
                progress.append(try await Self.poll(stubs, losing).progress)
            }
            #expect(try await Self.poll(stubs, failing).status == "error")
            #expect(try await Self.poll(stubs, hanging).status == "running")
            #expect(try await Self.poll(stubs, good).status == "completed")
            #expect(progress.contains(0) && progress.last != 100)
        }
    }

    @Test func jobCanBeAbortedAndDeleted() async throws {
        try await StubFixture.with { stubs in
            let id = try await Self.submit(stubs, key: "k")
            let aborted = try await stubs.post("/batch/v1/batches/\(id)/abort", [Self.login])
            #expect(aborted.json["batch"]?["status"] == "aborted")
            #expect(try await Self.poll(stubs, id).status == "aborted")
            #expect(try await stubs.send("DELETE", "/batch/v1/batches/\(id)", [Self.login]).status == 204)
            #expect(try await stubs.get("/batch/v1/batches/\(id)", [Self.login]).status == 404)
            let next = try await Self.submit(stubs, key: "k")
            #expect(next != id)
            let counts = try await stubs.counts("batch")
            #expect(counts["jobs_aborted"] == 1 && counts["jobs_deleted"] == 1)
        }
    }

    @Test func whoGivesAnAddressIsCalledWhenTheJobIsOver() async throws {
        try await StubFixture.with { stubs in
            // The stubs call themselves: a search for the wrong criteria counts like any other call.
            let id = try await Self.submit(
                stubs, key: nil, #"{"companies":["Eiche Bakery"],"callback_url":"\#(stubs.url)/search/v1/search"}"#)
            try await stubs.waitForCount("calls", of: "search")
            let results = try await stubs.get("/batch/v1/batches/\(id)/results", [Self.login])
            #expect(results.json["results"]?[0]?["company"] == "Eiche Bakery")
        }
    }
}

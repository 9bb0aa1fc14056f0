import JSON
import Outbound
import Testing

/// Answers that are worse than wrong, and pages and jobs that lead nowhere.
@Suite("Faults of stubs")
struct FaultTests {
    private static let people = "/directory/v1/people?company=Eiche%20Bakery&api_key=directory-key&limit=20"
    // batch-user:batch-password
    private static let login = ("Authorization", "Basic YmF0Y2gtdXNlcjpiYXRjaC1wYXNzd29yZA==")

    @Test(arguments: [
        (kind: "cut_body", code: "network"), ("lost_call", "network"), ("endless_body", "body_too_large"),
        ("gzip_bomb", "body_too_large"),
    ])
    func noAnswerComesOfIt(_ fault: (kind: String, code: String)) async throws {
        try await StubFixture.with { stubs in
            _ = try await stubs.plan("directory", #"[{"kind":"\#(fault.kind)"}]"#)
            let error = await #expect(throws: OutboundError.self) { try await stubs.get(Self.people) }
            #expect(error?.code.description == fault.code)
            #expect(try await stubs.get(Self.people).status == 200)
        }
    }

    @Test func answerIsEmptyOrElsewhere() async throws {
        try await StubFixture.with { stubs in
            _ = try await stubs.plan("directory", #"[{"kind":"empty"},{"kind":"redirect","location":"http://[::1]/"}]"#)
            let empty = try await stubs.get(Self.people)
            #expect(empty.status == 200 && empty.response.body == [])
            let elsewhere = try await stubs.get(Self.people)
            #expect(elsewhere.status == 302 && elsewhere.response.header("Location") == "http://[::1]/")
        }
    }

    @Test func pagesLeadNowhere() async throws {
        try await StubFixture.with { stubs in
            let first = try await stubs.get(Self.people)
            _ = try await stubs.plan("directory", #"[{"kind":"same_page"}]"#)
            #expect(try await stubs.get(Self.people + "&offset=20").response.body == first.response.body)
            #expect(try await stubs.get(Self.people + "&offset=20").response.body != first.response.body)
            _ = try await stubs.plan("registry", #"[{"kind":"foreign_page","location":"http://10.0.0.1/"}]"#)
            let filings = try await stubs.get(
                "/registry/companies/Nord%20Media/filings", [("Authorization", "Bearer registry-token")])
            #expect(filings.response.header("Link")?.contains(#"<http://10.0.0.1/>; rel="next""#) == true)
        }
    }

    @Test func jobsAreNamelessForgottenOrAboutOthers() async throws {
        try await StubFixture.with { stubs in
            func submit(_ kind: String) async throws -> String? {
                _ = try await stubs.plan("batch", #"[{"kind":"\#(kind)"}]"#)
                let answer = try await stubs.post(
                    "/batch/v1/batches", [Self.login], #"{"companies":["Eiche Bakery"]}"#)
                #expect(answer.status == 202)
                return answer.json["batch"]?["id"]?.stringValue
            }
            #expect(try await submit("no_job_id") == nil)
            let forgotten = "/batch/v1/batches/\(try #require(try await submit("job_is_lost")))"
            #expect(try await stubs.get(forgotten, [Self.login]).status == 200)
            #expect(try await stubs.get(forgotten, [Self.login]).status == 404)
            let others = "/batch/v1/batches/\(try #require(try await submit("job_names_others")))"
            for _ in 0..<2 { _ = try await stubs.get(others, [Self.login]) }
            let results = try await stubs.get(others + "/results", [Self.login])
            #expect(results.json["results"]?[0]?["company"] == "Eiche Bakery & Sons")
        }
    }

    @Test func addressesAreCountedByWhetherTheyTakeACall() async throws {
        try await StubFixture.with { stubs in
            func submit(_ address: String) async throws {
                let body = #"{"companies":["Eiche Bakery"],"callback_url":"\#(stubs.url)\#(address)"}"#
                #expect(try await stubs.post("/batch/v1/batches", [Self.login], body).status == 202)
            }
            try await submit("/control/crm/revoke")
            try await stubs.waitForCount("callbacks_taken", of: "batch")
            _ = try await stubs.plan("batch", #"[{"kind":"forged_callback"}]"#)
            try await submit("/control/crm/revoke")
            try await stubs.waitForCount("callbacks_refused", of: "batch")
            #expect(try await stubs.counts("batch")["callbacks_taken"] == 1)
        }
    }
}

import JSON
import Outbound
import Testing

/// What tests tell the stubs to do wrong, and what the stubs count.
@Suite("Misbehavior of stubs", .timeLimit(.minutes(10)))
struct MisbehaviorTests {
    private static let good = "/directory/v1/people?company=Eiche%20Bakery&api_key=directory-key"

    @Test func callsFailAsOftenAsPlannedAndThenNoMore() async throws {
        try await StubFixture.with { stubs in
            #expect(
                try await stubs.plan(
                    "directory",
                    #"[{"kind":"status","status":429,"retry_after":2},{"kind":"status","status":503,"times":2,"retry_after":60,"retry_after_form":"date"}]"#
                ) == 204)
            let limited = try await stubs.get(Self.good)
            #expect(limited.status == 429 && limited.response.header("Retry-After") == "2")
            for _ in 0..<2 {
                let failed = try await stubs.get(Self.good)
                #expect(failed.status == 503 && failed.response.header("Retry-After")?.hasSuffix(" GMT") == true)
            }
            #expect(try await stubs.get(Self.good).status == 200)
            let counts = try await stubs.counts("directory")
            #expect(counts["calls"] == 4)
            #expect(counts["routes"]?["GET /directory/v1/people"] == 4)
        }
    }

    @Test func answersCanBeWrongInsideOrNoJSONAtAll() async throws {
        try await StubFixture.with { stubs in
            _ = try await stubs.plan("directory", #"[{"kind":"error_inside","code":"QUOTA"},{"kind":"not_json"}]"#)
            let wrong = try await stubs.get(Self.good)
            #expect(wrong.status == 200 && wrong.json["error"]?["code"] == "QUOTA")
            let page = try await stubs.get(Self.good)
            #expect(page.status == 200 && page.json == .null)
            #expect(page.response.header("Content-Type") == "text/html")
        }
    }

    @Test func bodyCanComeByteByByte() async throws {
        try await StubFixture.with { stubs in
            let usual = try await stubs.get(Self.good + "&limit=1")
            _ = try await stubs.plan("directory", #"[{"kind":"slow_body","milliseconds":1}]"#)
            let slow = try await stubs.get(Self.good + "&limit=1")
            #expect(slow.response.body == usual.response.body)
            _ = try await stubs.plan("directory", #"[{"kind":"slow_body","milliseconds":10000}]"#)
            let request = OutboundRequest(url: stubs.url + Self.good, timeout: .milliseconds(500))
            await #expect(throws: OutboundError.self) { try await stubs.client.send(request) }
        }
    }

    @Test func planCanBeAboutOnePath() async throws {
        try await StubFixture.with { stubs in
            _ = try await stubs.plan("crm", #"[{"kind":"status","status":500,"path":"/oauth/"}]"#)
            #expect(try await stubs.get("/crm/v2/accounts").status == 401)
            #expect(try await stubs.post("/crm/oauth/token").status == 500)
            #expect(try await stubs.post("/crm/oauth/token").status == 401)
        }
    }

    @Test func cursorCanComeAgain() async throws {
        try await StubFixture.with { stubs in
            let answer = try await stubs.post(
                "/crm/oauth/token", [], "grant_type=client_credentials&client_id=crm-client&client_secret=crm-secret")
            let token = [("Authorization", "Bearer \(answer.json["access_token"]?.stringValue ?? "")")]
            let first = try await stubs.get("/crm/v2/accounts", token).json["paging"]?["next"]?.stringValue ?? ""
            _ = try await stubs.plan("crm", #"[{"kind":"repeated_cursor"}]"#)
            let target = "/crm/v2/accounts?cursor=\(first.replacing("=", with: "%3D"))"
            #expect(try await stubs.get(target, token).json["paging"]?["next"]?.stringValue == first)
            #expect(try await stubs.get(target, token).json["paging"]?["next"]?.stringValue != first)
        }
    }

    @Test func limitsAreCountedAndHeld() async throws {
        try await StubFixture.with { stubs in
            _ = try await stubs.set("directory", #"{"concurrency":2,"latency_ms":2000}"#)
            let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<6 { group.addTask { try await stubs.get(Self.good).status } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            let counts = try await stubs.counts("directory")
            let refused = statuses.count { $0 == 429 }
            #expect(refused > 0 && counts["violations"]?.intValue == refused)
            #expect((counts["in_flight_max"]?.intValue ?? 0) > 2)
            // An answer may be here a moment before it is counted as given.
            while try await stubs.counts("directory")["in_flight"] != 0 { try await Task.sleep(for: .milliseconds(5)) }

            _ = try await stubs.send("DELETE", "/control/directory")
            _ = try await stubs.set("directory", #"{"per_second":3}"#)
            var answered = 0
            while try await stubs.get(Self.good).status == 200 { answered += 1 }
            #expect(answered >= 3)
            #expect(try await stubs.counts("directory")["violations"] == 1)
            #expect(try await stubs.counts("directory")["per_second_max"] == 4)
        }
    }

    @Test func nonsenseIsRefused() async throws {
        try await StubFixture.with { stubs in
            let unknownKind = try await stubs.plan("directory", #"[{"kind":"explode"}]"#)
            let neverTaken = try await stubs.plan("directory", #"[{"kind":"status","times":0}]"#)
            let unknownAPI = try await stubs.plan("nobody", "[]")
            #expect(unknownKind == 400 && neverTaken == 400 && unknownAPI == 404)
            #expect(try await stubs.get("/control/nobody").status == 404)
        }
    }
}

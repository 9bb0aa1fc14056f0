import JSON
import Outbound
import Testing

/// Each style of API as a caller meets it.
@Suite("Stub APIs")
struct StubAPITests {
    @Test func directoryTakesItsKeyInTheQueryAndPagesByOffset() async throws {
        try await StubFixture.with { stubs in
            let path = "/directory/v1/people?company=Eiche%20Bakery&limit=7"
            #expect(try await stubs.get(path).status == 401)
            #expect(try await stubs.get(path + "&api_key=wrong").status == 401)
            #expect(try await stubs.get("/directory/v1/people?company=Nobody&api_key=directory-key").status == 404)
            #expect(try await stubs.get(path + "&api_key=directory-key&offset=-1").status == 400)
            var names: [String] = []
            var total = 0
            for offset in stride(from: 0, to: 1_000, by: 7) {
                let page = try await stubs.get(path + "&api_key=directory-key&offset=\(offset)").json
                total = page["meta"]?["total"]?.intValue ?? 0
                let people = page["people"]?.arrayValue ?? []
                if people.isEmpty { break }
                names += people.compactMap { $0["email"]?.stringValue }
            }
            #expect(total > 7 && names.count == total)
            #expect(Set(names).count == total)
        }
    }

    @Test func crmWantsATokenAndPagesByCursor() async throws {
        try await StubFixture.with { stubs in
            #expect(try await stubs.get("/crm/v2/accounts").status == 401)
            let token = try await Self.token(stubs)
            let authorization = [("Authorization", "Bearer \(token)")]
            var names: [String] = []
            var cursor = ""
            repeat {
                let page = try await stubs.get("/crm/v2/accounts?country=DE&cursor=\(cursor)", authorization).json
                names += page["data"]?.arrayValue?.compactMap { $0["name"]?.stringValue } ?? []
                cursor = (page["paging"]?["next"]?.stringValue ?? "").replacing("=", with: "%3D")
            } while !cursor.isEmpty
            #expect(names.count > 25 && Set(names).count == names.count)
            #expect(try await stubs.get("/crm/v2/accounts?cursor=bm9uc2Vuc2U%3D", authorization).status == 400)
            #expect(try await stubs.counts("crm")["tokens_issued"] == 1)
        }
    }

    @Test func crmRefusesTokensThatAreRevokedOrOld() async throws {
        try await StubFixture.with { stubs in
            let first = try await Self.token(stubs)
            #expect(try await stubs.post("/control/crm/revoke").status == 204)
            let refused = try await stubs.get("/crm/v2/accounts", [("Authorization", "Bearer \(first)")])
            #expect(refused.status == 401)
            #expect(refused.response.header("WWW-Authenticate")?.contains("invalid_token") == true)
            #expect(try await stubs.set("crm", #"{"token_seconds": 0}"#) == 204)
            let old = try await Self.token(stubs)
            #expect(try await stubs.get("/crm/v2/accounts", [("Authorization", "Bearer \(old)")]).status == 401)
            #expect(try await stubs.set("crm", "{}") == 204)
            let good = try await Self.token(stubs)
            #expect(try await stubs.get("/crm/v2/accounts", [("Authorization", "Bearer \(good)")]).status == 200)
            let counts = try await stubs.counts("crm")
            #expect(counts["tokens_issued"] == 3 && counts["stale_tokens"] == 2)
            #expect(Set([first, old, good]).count == 3)
        }
    }

    @Test func crmTakesTheClientInTheFormOrWithBasicAndNoOther() async throws {
        try await StubFixture.with { stubs in
            // crm-client:crm-secret, and crm-client:wrong
            for (login, status) in [("Y3JtLWNsaWVudDpjcm0tc2VjcmV0", 200), ("Y3JtLWNsaWVudDp3cm9uZw==", 401)] {
                let answer = try await stubs.post(
                    "/crm/oauth/token", [("Authorization", "Basic \(login)")], "grant_type=client_credentials")
                #expect(answer.status == status)
            }
            let wrongGrant = "grant_type=password&client_id=crm-client&client_secret=crm-secret"
            #expect(try await stubs.post("/crm/oauth/token", [], wrongGrant).status == 400)
            #expect(try await stubs.counts("crm")["tokens_issued"] == 1)
        }
    }

    @Test func registryPagesByLinkHeader() async throws {
        try await StubFixture.with { stubs in
            let authorization = [("Authorization", "Bearer registry-token")]
            #expect(try await stubs.get("/registry/companies/Nord%20Media/filings").status == 401)
            #expect(try await stubs.get("/registry/companies/Nobody/filings", authorization).status == 404)
            var next: String? = "/registry/companies/Nord%20Media/filings?per_page=5"
            var filings = 0
            var total = 0
            while let target = next {
                let page = try await stubs.get(target, authorization)
                filings += page.json.arrayValue?.count ?? 0
                total = page.response.header("X-Total-Count").flatMap { Int($0) } ?? 0
                let link = page.response.header("Link")?.split(separator: ",").first { $0.contains(#"rel="next""#) }
                next = link?.split(separator: "<").last?.split(separator: ">").first.map(String.init)
            }
            #expect(filings > 0 && filings == total)
        }
    }

    @Test func searchAnswersWithNestedArraysThatFitTheCriteria() async throws {
        try await StubFixture.with { stubs in
            let body = #"{"criteria":{"keywords":"bakery","place":"DE","size":{"min":10,"max":null}},"limit":1000}"#
            #expect(try await stubs.post("/search/v1/search", [], body).status == 401)
            let key = [("X-Api-Key", "search-key")]
            let found = try await stubs.post("/search/v1/search", key, body).json
            let items = found["hits"]?["items"]?.arrayValue ?? []
            #expect(!items.isEmpty && found["hits"]?["total"]?.intValue == items.count)
            for item in items {
                #expect(item["company"]?["industry"] == "bakery")
                #expect((item["company"]?["headcount"]?.intValue ?? 0) >= 10)
                #expect(item["offices"]?.arrayValue?.contains { $0["country"] == "DE" } == true)
                #expect(item["people"]?[0]?["email"]?.stringValue?.contains("@") == true)
            }
            let all = try await stubs.post("/search/v1/search", key, #"{"criteria":{"place":""},"limit":1}"#).json
            #expect(all["hits"]?["total"] == 420)
            #expect(try await stubs.post("/search/v1/search", key, #"{"criteria":{},"limit":0}"#).status == 400)
            #expect(try await stubs.post("/search/v1/search", key, "criteria").status == 400)
        }
    }

    private static func token(_ stubs: StubFixture) async throws -> String {
        let answer = try await stubs.post(
            "/crm/oauth/token", [("Content-Type", "application/x-www-form-urlencoded")],
            "grant_type=client_credentials&client_id=crm-client&client_secret=crm-secret&scope=accounts.read")
        return try #require(answer.json["access_token"]?.stringValue)
    }
}

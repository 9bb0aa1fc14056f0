import JSON
import Testing

extension IntegrationTests {
    /// The requests of an organization.
    @Suite("Listing requests")
    struct ListTests {
        @Test func theNewestComeFirstPageByPageAndOnlyOnesOwn() async throws {
            var options = Platform.Options()
            options.organizations = ["acme", "globex"]
            try await withPlatform(options) { platform in
                let client = try #require(platform.clients["acme"])
                let stranger = try #require(platform.clients["globex"])
                platform.api.script("lost", [.status(404)])
                let ids = [
                    try await client.submit(["Abel"]), try await client.submit(["lost"], activity: "quiet"),
                    try await client.submit(["Bebel", "lost"]),
                ]
                let others = try await stranger.submit(["Cebel"])
                _ = try await client.wait(for: ids[0], toBe: "delivered")
                _ = try await client.wait(for: ids[1], toBe: "failed")
                _ = try await client.wait(for: ids[2], toBe: "delivered")
                _ = try await stranger.wait(for: others, toBe: "delivered")

                let all = try await client.get("/v1/activity-requests").json
                let listed = try #require(all["requests"]?.arrayValue)
                #expect(listed.map { $0["id"]?.stringValue } == ids.reversed() && all["cursor"] == .null)
                #expect(listed[0]["substate"] == "partial" && listed[0]["runs"]?["failed"] == 1)
                #expect(listed[1]["activity"] == "quiet" && listed[1]["runs"]?["total"] == 1)
                let page = try await client.get("/v1/activity-requests?limit=2").json
                #expect(page["requests"]?.arrayValue?.count == 2)
                let cursor = try #require(page["cursor"]?.stringValue)
                let rest = try await client.get("/v1/activity-requests?limit=2&cursor=\(cursor)").json
                #expect(
                    rest["requests"]?.arrayValue?.map { $0["id"]?.stringValue } == [ids[0]] && rest["cursor"] == .null)
                let some = try await client.get("/v1/activity-requests?state=failed&state=timedout&activity=quiet").json
                #expect(some["requests"]?.arrayValue?.map { $0["id"]?.stringValue } == [ids[1]])
                let none = try await client.get("/v1/activity-requests?activity=hurry").json
                #expect(none["requests"] == [])
                for (query, hint) in [
                    ("limit=0", "1 to 200"), ("limit=x", "1 to 200"), ("state=lost", "is no state"),
                    ("cursor=x", "not a cursor"),
                    ("stat=failed", "known are state"),
                ] {
                    let answer = try await client.get("/v1/activity-requests?\(query)")
                    #expect(answer.status == 422 && answer.code == "invalid_request", "\(query)")
                    #expect(answer.json["detail"]?.stringValue?.contains(hint) == true, "\(query): \(answer.json)")
                }

                try await WeirProgram.with(
                    variables: ["WEIR_URL": platform.publicURL, "WEIR_API_KEY": client.key ?? ""]
                ) { weir in
                    let table = try await weir.run("list", "--limit", "2")
                    #expect(table.lines.count == 3 && table.lines[1].hasPrefix(ids[2]), "\(table)")
                    #expect(table.errors.contains("There are older ones"), "\(table)")
                    let json = try await weir.run("list", "--state", "failed", "--json")
                    #expect(json.json.arrayValue?.map { $0["id"]?.stringValue } == [ids[1]], "\(json)")
                    let nothing = try await weir.run("list", "--state", "ready")
                    #expect(nothing.errors.contains("There are no such requests"), "\(nothing)")
                }
            }
        }
    }
}

import Contracts
import JSON
import Testing

extension IntegrationTests {
    /// From a request to its signed webhook.
    @Suite("Happy path")
    struct HappyPathTests {
        @Test func aSmallResultTravelsInsideTheWebhook() async throws {
            try await withPlatform { platform in
                let id = try await platform.client.submit(["Abel", "Ümläut & Söhne/AG?"])
                let request = try await platform.client.wait(for: id, toBe: "delivered")
                #expect(request["runs"]?["done"] == 2 && request["objects"]?["expanded"] == 2)
                #expect(request["failures"] == [])

                try #require(platform.webhooks.received.count == 1)
                let hook = platform.webhooks.received[0]
                #expect(hook.fault == nil && hook.body["type"] == "activity_request.completed")
                let data = try #require(hook.body["data"])
                #expect(data["request"] == .string(id) && data["state"] == "done" && data["activity"] == "enrich")
                #expect(data["runs"]?["total"] == 2 && data["runs"]?["done"] == 2 && data["result_url"] == nil)
                let objects = try #require(data["objects"]?.arrayValue)
                #expect(objects.map { $0["object"] } == ["Abel", "Ümläut & Söhne/AG?"])
                #expect(objects[1]["values"]?["legal_name"] == "Ümläut & Söhne/AG? GmbH")
                #expect(objects[0]["values"]?["employees"] == 42 && objects[0]["values"]?.objectValue?.count == 5)
                #expect(platform.api.calls == ["Abel": 1, "Ümläut & Söhne/AG?": 1])

                let result = try await platform.client.get("/v1/activity-requests/\(id)/result")
                #expect(result.status == 200 && result.json["objects"]?.arrayValue == objects)
                let timeline = try await platform.client.timeline(of: id)
                let states = timeline.filter { $0["subject"] == "request" }.compactMap { $0["to"]?.stringValue }
                #expect(states == ["valid", "ready", "in_progress", "done", "delivered"])
                let unfinished = try await platform.database.unfinishedRows()
                #expect(unfinished == [])
            }
        }

        @Test func aLargeResultTravelsAsALinkThatWorksWithoutAKey() async throws {
            try await withPlatform { platform in
                platform.api.lengthenNotes(to: 2_000)
                let names = (0..<200).map { "object \($0)" }
                let id = try await platform.client.submit(names)
                _ = try await platform.client.wait(for: id, toBe: "delivered")
                let data = try #require(platform.webhooks.received.first?.body["data"])
                #expect(data["objects"] == nil && (data["result_bytes"]?.intValue ?? 0) > 256 << 10)
                let link = try #require(data["result_url"]?.stringValue)

                var anybody = platform.client
                anybody.key = nil
                let result = try await anybody.get(link)
                #expect(result.status == 200 && result.body.count == data["result_bytes"]?.intValue)
                #expect(result.lines.map { $0["object"]?.stringValue } == names)
                #expect(result.lines.allSatisfy { $0["values"]?["note"]?.stringValue?.utf8.count == 2_000 })

                let other = try await platform.client.submit(["somebody else"])
                let last = try #require(link.last)
                let altered = [
                    "signature": String(link.dropLast()) + (last == "0" ? "1" : "0"),
                    "expiry": link.replacing("expires=1", with: "expires=2"),
                    "request": link.replacing(id, with: other),
                ]
                for (what, link) in altered {
                    let answer = try await anybody.get(link)
                    #expect(answer.status == 403 && answer.code == "link_not_valid", "an altered \(what)")
                }
                let expired = try await anybody.get(try expiredLink(to: id, platform))
                #expect(expired.status == 403 && expired.code == "link_expired")
                #expect(expired.json["detail"]?.stringValue?.contains("1970-01-08T00:00:00.000Z") == true)
                let bare = try await anybody.get("/v1/activity-requests/\(id)/result")
                #expect(bare.status == 401)
                _ = try await platform.client.wait(for: other, toBe: "delivered")
            }
        }

        @Test(arguments: [(objects: 25, bytes: 400_000), (objects: 3, bytes: 5_000_000)])
        func largeValuesMakeChunksOfFewerObjects(_ load: (objects: Int, bytes: Int)) async throws {
            try await withPlatform { platform in
                platform.api.lengthenNotes(to: load.bytes)
                let names = (0..<load.objects).map { "object \($0)" }
                let id = try await platform.client.submit(names, activity: "quiet")
                _ = try await platform.client.wait(for: id, toBe: "done")
                let chunks = try await platform.database.column(
                    Int32.self, "select first_position from public.request_result order by 1")
                #expect(chunks.count > 2 && chunks.first == 0)
                let result = try await platform.client.get("/v1/activity-requests/\(id)/result?format=ndjson")
                #expect(result.lines.map { $0["object"]?.stringValue } == names)
                #expect(result.lines.allSatisfy { $0["values"]?["note"]?.stringValue?.utf8.count == load.bytes })
            }
        }

        /// A genuine link whose time was over long ago.
        private func expiredLink(to id: String, _ platform: Platform) throws -> String {
            let keys = try #require(SigningKeys(current: Platform.signingKey))
            let links = ResultLinks(publicURL: platform.publicURL, keys: keys)
            return links.link(to: try #require(ActivityRequestID(id)), now: 0).url
        }

        @Test func aRequestWithoutAnEndpointStaysDone() async throws {
            try await withPlatform { platform in
                let id = try await platform.client.submit(["Abel"], activity: "quiet")
                let request = try await platform.client.wait(for: id, toBe: "done")
                #expect(request["runs"]?["done"] == 1 && platform.webhooks.received.isEmpty)
            }
        }

        @Test func everyServiceStopsCleanlyWhenAsked() async throws {
            try await withPlatform { platform in
                let id = try await platform.client.submit(["Abel"])
                _ = try await platform.client.wait(for: id, toBe: "delivered")
                for service in ServiceName.allCases.reversed() {
                    let status = try await platform.terminate(service)
                    #expect(status == 0, "\(service)")
                }
            }
        }

        @Test func withoutTheBusEverythingIsDoneAllTheSame() async throws {
            var options = Platform.Options()
            options.services.remove(.bus)
            try await withPlatform(options) { platform in
                let id = try await platform.client.submit(["Abel", "Bebel"])
                _ = try await platform.client.wait(for: id, toBe: "delivered")
                #expect(platform.webhooks.received.count == 1)
            }
        }
    }
}

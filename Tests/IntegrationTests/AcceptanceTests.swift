import JSON
import Testing

extension IntegrationTests {
    /// Who may ask, and what a repeated question means.
    @Suite("Acceptance")
    struct AcceptanceTests {
        @Test func anIdempotencyKeyMakesARepeatTheSameRequest() async throws {
            try await withPlatform { platform in
                let body = #"{"activity":"enrich","objects":["Abel"]}"#
                let key = ("idempotency-key", "order-17")
                let first = try await platform.client.post(body, headers: [key])
                let again = try await platform.client.post(body, headers: [key])
                #expect(first.status == 202 && again.status == 202)
                #expect(first.json == again.json)
                #expect(first.header("idempotency-replayed") == nil)
                #expect(again.header("idempotency-replayed") == "true")

                let other = try await platform.client.post(
                    #"{"activity":"enrich","objects":["Bebel"]}"#, headers: [key])
                #expect(other.status == 409 && other.code == "idempotency_key_reused")
                let tooLong = try await platform.client.post(
                    body, headers: [("idempotency-key", String(repeating: "k", count: 256))])
                #expect(tooLong.status == 400 && tooLong.code == "invalid_idempotency_key")

                let id = try #require(first.json["id"]?.stringValue)
                _ = try await platform.client.wait(for: id, toBe: "delivered")
                let late = try await platform.client.post(body, headers: [key])
                #expect(late.status == 202 && late.json["id"] == .string(id))
                #expect(platform.webhooks.received.count == 1 && platform.api.calls == ["Abel": 1])
                let rows = try await platform.database.value(Int.self, "select count(*) from public.activity_request")
                #expect(rows == 1)
            }
        }

        @Test func oneTenantCannotSeeWhatAnotherHas() async throws {
            var options = Platform.Options()
            options.organizations = ["acme", "rival"]
            try await withPlatform(options) { platform in
                let acme = try #require(platform.clients["acme"])
                let rival = try #require(platform.clients["rival"])
                // The same name, the same idempotency key: two requests all the same.
                let key = ("idempotency-key", "order-17")
                let body = #"{"activity":"enrich","objects":["Abel"]}"#
                let first = try await acme.post(body, headers: [key]).json["id"]?.stringValue
                let second = try await rival.post(body, headers: [key]).json["id"]?.stringValue
                let (theirs, ours) = (try #require(first), try #require(second))
                #expect(theirs != ours)
                _ = try await acme.wait(for: theirs, toBe: "delivered")
                _ = try await rival.wait(for: ours, toBe: "delivered")

                for part in ["", "/timeline", "/result", "/result?format=ndjson"] {
                    let path = "/v1/activity-requests/\(theirs)\(part)"
                    let own = try await acme.get(path)
                    let foreign = try await rival.get(path)
                    #expect(own.status == 200 && foreign.status == 404 && foreign.code == "not_found", "\(path)")
                    var anybody = rival
                    anybody.key = nil
                    let unknown = try await anybody.get(path)
                    #expect(unknown.status == 401 && unknown.code == "unauthorized", "\(path)")
                }
                let hooks = platform.webhooks.received
                #expect(hooks.first { $0.endpoint == "acme" }?.body["data"]?["request"] == .string(theirs))
                #expect(hooks.first { $0.endpoint == "rival" }?.body["data"]?["request"] == .string(ours))
                #expect(hooks.count == 2 && Set(hooks.map(\.id)).count == 2)
            }
        }

        @Test func aWrongOrRevokedKeyIsRefused() async throws {
            try await withPlatform { platform in
                var client = platform.client
                client.key = "weir_wrong"
                let wrong = try await client.post(#"{"activity":"enrich","objects":["Abel"]}"#)
                #expect(wrong.status == 401 && wrong.header("www-authenticate") == "Bearer")
                _ = try await platform.database.column(
                    String.self, "update public.api_key set revoked_at = clock_timestamp() returning name")
                let revoked = try await platform.client.post(#"{"activity":"enrich","objects":["Abel"]}"#)
                #expect(revoked.status == 401 && revoked.code == "unauthorized")
            }
        }
    }
}

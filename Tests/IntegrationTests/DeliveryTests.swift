import JSON
import Testing

extension IntegrationTests {
    /// Webhooks that are not taken at once.
    @Suite("Delivery")
    struct DeliveryTests {
        @Test func anEndpointThatFailsTwiceGetsTheSameBytesUntilItAccepts() async throws {
            try await withPlatform { platform in
                platform.webhooks.answer(503, 302)
                let id = try await platform.client.submit(["Abel"])
                _ = try await platform.client.wait(for: id, toBe: "delivered")
                let received = platform.webhooks.received
                #expect(received.map(\.status) == [503, 302, 200])
                #expect(received.allSatisfy { $0.fault == nil })
                #expect(Set(received.map(\.id)).count == 1 && Set(received.map(\.body)).count == 1)
                let attempts = try await platform.client.timeline(of: id).filter { $0["subject"] == "delivery" }
                #expect(attempts.count == 3)
                #expect(attempts.first?["reason"]?.stringValue?.contains("HTTP 503") == true)
                let unfinished = try await platform.database.unfinishedRows()
                #expect(unfinished == [])
            }
        }

        @Test func aMissingSecretIsNamedAndTheResultIsThereAllTheSame() async throws {
            var options = Platform.Options()
            options.secret = "NOT_SET"
            try await withPlatform(options) { platform in
                let id = try await platform.client.submit(["Abel"])
                let attempt = try await eventually("an attempt in the timeline") {
                    try await platform.client.timeline(of: id).first { $0["subject"] == "delivery" }
                }
                #expect(attempt["reason"]?.stringValue?.contains("WEIR_SECRET_NOT_SET") == true)
                let request = try await platform.client.request(id)
                #expect(request["state"] == "done" && platform.webhooks.received.isEmpty)
                let result = try await platform.client.get("/v1/activity-requests/\(id)/result")
                #expect(result.json["objects"]?.arrayValue?.count == 1)
            }
        }
    }
}

import JSON
import Store
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
                let deliveries = try await platform.client.request(id)["deliveries"]
                #expect(deliveries?[0]?["state"] == "delivered" && deliveries?[0]?["attempts"] == 3)
                #expect(deliveries?[0]?["reason"] == .null && deliveries?[0]?["substate"] == .null)
                #expect(deliveries?[0]?["delivered_at"]?.stringValue != nil)
                let survey = FailureSurvey(pool: platform.database.pool)
                let (webhooks, secrets) = try await (survey.failedWebhooks(), survey.missingSecrets())
                #expect(webhooks.isEmpty && secrets.isEmpty)
                let ended = try await survey.endedRuns()
                #expect(ended.map(\.failure) == [nil] && ended.map(\.count) == [1])
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
                let delivery = try #require(request["deliveries"]?[0])
                #expect(delivery["endpoint"] == "receiver" && delivery["substate"] == "secret_missing")
                #expect(delivery["reason"]?.stringValue?.contains("WEIR_SECRET_NOT_SET") == true)
                #expect((delivery["attempts"]?.intValue ?? 0) >= 1 && delivery["delivered_at"] == .null)

                let survey = FailureSurvey(pool: platform.database.pool)
                let secrets = try await survey.missingSecrets()
                #expect(secrets.map(\.subject) == ["endpoint acme/receiver"])
                #expect(secrets.first?.reason.contains("WEIR_SECRET_NOT_SET") == true)
                let webhooks = try await survey.failedWebhooks()
                #expect(webhooks.map(\.endpoint) == ["acme/receiver"] && webhooks[0].count == 1)
                let endpoint = try await platform.client.get("/v1/webhook-endpoints/receiver").json
                #expect(endpoint["health"]?["paused_until"]?.stringValue != nil, "\(endpoint)")
                #expect(webhooks.map(\.isGivenUp) == [false])
                _ = try await platform.database.value(
                    Int64.self,
                    """
                    with up as (update public.delivery set state = 'failed', worker_id = null returning 1)
                    select count(*) from up
                    """)
                let given = try await survey.failedWebhooks()
                #expect(given.map(\.isGivenUp) == [true])
                let failed = try await platform.client.request(id)["deliveries"]?[0]
                #expect(failed?["state"] == "failed" && failed?["next_attempt_at"] == .null)
                let result = try await platform.client.get("/v1/activity-requests/\(id)/result")
                #expect(result.json["objects"]?.arrayValue?.count == 1)
            }
        }

        @Test func aMissingSecretUsesUpNoAttemptAndIsSoonNoticedWhenItIsThere() async throws {
            var options = Platform.Options()
            options.secret = "NOT_SET"
            // Two attempts are all that there are.
            options.variables[.delivery] = ["WEIR_DELIVERY_RETRIES": "1h", "WEIR_DELIVERY_POLL": "50ms"]
            try await withPlatform(options) { platform in
                let id = try await platform.client.submit(["Abel"])
                for look in 1...3 {
                    try await eventually("look \(look)") {
                        try await platform.database.value(
                            Int.self, "select count(*) from public.delivery_attempt where substate = 'secret_missing'")
                            == look
                    }
                    let state = try await platform.database.value(
                        String.self,
                        """
                        select concat_ws(' ', d.state, d.attempt - d.attempts_before, h.open_until > clock_timestamp())
                        from public.delivery as d join public.endpoint_health as h on h.webhook_endpoint_id = d.webhook_endpoint_id
                        """)
                    #expect(state == "ready 0 t")
                    if look == 3 {
                        try await platform.database.run("update public.webhook_endpoint set secret_name = 'HOOK'")
                    }
                    // Time passes.
                    try await platform.database.run("update public.delivery set due_at = now()")
                    try await platform.database.run("update public.endpoint_health set open_until = now()")
                }
                _ = try await platform.client.wait(for: id, toBe: "delivered")
                #expect(platform.webhooks.received.map(\.fault) == [nil])
                let open = try await platform.database.column(
                    String.self, "select 'open' from public.endpoint_health where open_until is not null")
                #expect(open == [])
            }
        }
    }
}

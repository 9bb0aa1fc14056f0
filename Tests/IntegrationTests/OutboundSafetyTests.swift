import JSON
import Testing

extension IntegrationTests {
    /// A catalogue must not make Weir call Weir, although loopback is allowed in these tests.
    @Suite("Outbound safety")
    struct OutboundSafetyTests {
        @Test func sourceAtAnOwnPortIsRefused() async throws {
            try await withPlatform { platform in
                try await platform.database.apply(
                    CatalogueText(api: platform.publicURL, webhooks: platform.webhooks.url).yaml)
                let id = try await platform.client.submit(["Abel"])
                let request = try await platform.client.wait(for: id, toBe: "failed")
                #expect(request["failures"]?[0]?["substate"] == "address_refused")
                #expect(request["failures"]?[0]?["reason"]?.stringValue?.contains("belongs to Weir itself") == true)
            }
        }

        @Test func webhookAtAnOwnPortIsRefused() async throws {
            // A port that no other setting names, as another service's health port would be.
            let own = try StubServer { _ in .status(200) }
            var options = Platform.Options()
            options.shared["WEIR_OUTBOUND_OWN_PORTS"] = String(own.url.split(separator: ":").last ?? "")
            try await withPlatform(options) { platform in
                try await platform.database.apply(CatalogueText(api: platform.api.url, webhooks: own.url).yaml)
                let id = try await platform.client.submit(["Abel"])
                _ = try await eventually("an attempt in the timeline") {
                    try await platform.client.timeline(of: id).first { $0["subject"] == "delivery" }
                }
                let request = try await platform.client.request(id)
                #expect(request["deliveries"]?[0]?["substate"] == "address_refused")
                #expect(request["deliveries"]?[0]?["reason"]?.stringValue?.contains("belongs to Weir itself") == true)
            }
            await own.stop()
        }
    }
}

import Contracts
import Foundation
import JSON
import Testing

extension IntegrationTests {
    /// Webhook endpoints as those who look after them meet them: over HTTP and with `weir webhook`.
    @Suite("Webhook endpoints")
    struct WebhookEndpointTests {
        /// More endpoints for an organization that has its catalogue.
        private func declare(_ endpoints: String, of organization: String = "acme", on platform: Platform) async throws
        {
            try await platform.database.apply(
                """
                organization: \(organization)
                webhook_endpoints:
                \(endpoints.split(separator: "\n").map { "  \($0)" }.joined(separator: "\n"))
                """)
        }

        private func withWeir(_ platform: Platform, _ body: (WeirProgram) async throws -> Void) async throws {
            try await WeirProgram.with(
                variables: ["WEIR_URL": platform.publicURL, "WEIR_API_KEY": platform.client.key ?? ""], body)
        }

        /// Waits until a delivery is in a state.
        private func delivery(_ id: String, _ state: String, _ platform: Platform) async throws -> JSONValue {
            try await eventually("the delivery \(state)") {
                let delivery = try await platform.client.get("/v1/deliveries/\(id)").json
                return delivery["state"]?.stringValue == state ? delivery : nil
            }
        }

        // MARK: Fan-out

        @Test func anEventGoesToWhoeverAsksForItWithTheHeadersThatTheyWant() async throws {
            var options = Platform.Options()
            options.organizations = ["acme", "globex"]
            options.variables[.delivery] = ["WEIR_SECRET_TOKEN": "audit-token-5f1c"]
            try await withPlatform(options) { platform in
                let hooks = platform.webhooks.url
                try await declare(
                    """
                    audit:
                      url: \(hooks)/hooks/audit
                      secret: <<$secret.HOOK>>
                      event_types: [activity_request.completed]
                      headers: { X-Tenant: acme, authorization: Bearer <<$secret.TOKEN>> }
                      ordered: true
                      rate: 100/s
                    flows: { url: "\(hooks)/hooks/flows", secret: <<$secret.HOOK>>, event_types: [workflow_request.completed] }
                    off: { url: "\(hooks)/hooks/off", secret: <<$secret.HOOK>>, event_types: ["*"] }
                    """, on: platform)
                try await declare(
                    "curious: { url: \"\(hooks)/hooks/curious\", secret: <<$secret.HOOK>>, event_types: [\"*\"] }",
                    of: "globex", on: platform)
                let off = try await platform.client.post([:], to: "/v1/webhook-endpoints/off/disable")
                #expect(off.status == 200 && off.json["state"] == "disabled", "\(off.json)")

                let one = try await platform.client.submit(["Abel"])
                _ = try await platform.client.wait(for: one, toBe: "delivered")
                let quiet = try await platform.client.submit(["Abel", "Bebel"], activity: "quiet")
                _ = try await platform.client.wait(for: quiet, toBe: "delivered")
                // A request is delivered when the first of its endpoints has it.
                let received = try await eventually("all three") {
                    let received = platform.webhooks.received
                    return received.count >= 3 ? received : nil
                }
                #expect(received.map(\.endpoint).sorted() == ["acme", "audit", "audit"])
                #expect(received.allSatisfy { $0.fault == nil })
                for audited in received where audited.endpoint == "audit" {
                    #expect(audited.request.headers["x-tenant"] == "acme")
                    #expect(audited.request.headers["authorization"] == "Bearer audit-token-5f1c")
                }
                let subjects = try await platform.database.column(
                    String.self, "select distinct subject from public.delivery order by 1")
                #expect(subjects == ["enrich/Abel", "quiet"])
                try await platform.expectNowhere(["audit-token-5f1c"])
                let shown = try await platform.client.get("/v1/webhook-endpoints/audit").json
                #expect(shown["headers"] == ["authorization", "x-tenant"] && shown["ordered"] == true, "\(shown)")
                #expect(shown["rate"] == ["calls": 100, "per_seconds": 1] && shown["secret_name"] == "HOOK")
            }
        }

        // MARK: Secrets

        @Test func aSecretIsShownOnceSignsAndIsRotated() async throws {
            try await withPlatform { platform in
                try await declare("made: { url: \"\(platform.webhooks.url)/hooks/made\" }", on: platform)
                try await withWeir(platform) { weir in
                    let first = try await weir.run("webhook", "secret", "create", "made")
                    try #require(first.status == 0 && first.lines.count == 1, "\(first)")
                    let old = try WebhookSecret(parsing: first.lines[0])
                    let taken = try await weir.run("webhook", "test", "made")
                    #expect(taken.status == 0 && taken.output.contains("HTTP 200"), "\(taken)")
                    try verify(platform.webhooks.received.last, old)

                    let second = try await weir.run("webhook", "secret", "rotate", "made", "--json")
                    try #require(second.status == 0, "\(second)")
                    let text = try #require(second.json["secret"]?.stringValue)
                    let new = try WebhookSecret(parsing: text)
                    _ = try await weir.run("webhook", "test", "made")
                    try verify(platform.webhooks.received.last, old)
                    try verify(platform.webhooks.received.last, new)

                    let list = try await weir.run("webhook", "secret", "list", "made", "--json")
                    let secrets = try #require(list.json.arrayValue)
                    #expect(
                        secrets.count == 2 && secrets[0]["expires_at"] != .null && secrets[1]["expires_at"] == .null)
                    let grace = try await platform.database.value(
                        Double.self,
                        "select extract(epoch from max(expires_at) - max(created_at))::double precision from public.webhook_secret"
                    )
                    #expect(abs(grace - 86_400) < 60, "24 h unless something else was said")
                    let oldID = try #require(secrets[0]["id"]?.stringValue)
                    let newID = try #require(secrets[1]["id"]?.stringValue)
                    let revoked = try await weir.run("webhook", "secret", "revoke", "made", oldID)
                    #expect(revoked.status == 0, "\(revoked)")
                    _ = try await weir.run("webhook", "test", "made")
                    try verify(platform.webhooks.received.last, new)
                    #expect(throws: WebhookSignatureError.self) { try verify(platform.webhooks.received.last, old) }
                    let last = try await weir.run("webhook", "secret", "revoke", "made", newID)
                    #expect(last.status == 1 && last.errors.contains("only secret"), "\(last)")

                    // With no grace, what was there before signs no more at once.
                    let third = try await weir.run(
                        "webhook", "secret", "rotate", "made", "--kind", "whsk", "--grace", "0s")
                    try #require(third.status == 0 && third.lines.count == 1, "\(third)")
                    let key = try WebhookPublicKey(parsing: third.lines[0])
                    _ = try await weir.run("webhook", "test", "made")
                    let signed = try #require(platform.webhooks.received.last).request
                    let signature = signed.headers["webhook-signature"] ?? ""
                    #expect(signature.hasPrefix("v1a,") && !signature.contains(" "))
                    #expect(
                        key.accepts(
                            signature: signature, id: signed.headers["webhook-id"] ?? "",
                            timestamp: signed.headers["webhook-timestamp"] ?? "", body: signed.body))

                    let shown = try await weir.run("webhook", "show", "made")
                    #expect(shown.status == 0 && shown.output.contains(third.lines[0]), "\(shown)")
                    try await platform.expectNowhere([
                        first.lines[0], text, String(first.lines[0].dropFirst(6)), String(text.dropFirst(6)),
                    ])
                    let kept = try await platform.database.column(
                        String.self, "select kind from public.webhook_secret where octet_length(sealed) > 90")
                    #expect(kept == ["whsk"], "secrets that sign no more are still kept")
                    #expect(!shown.output.contains(text.dropFirst(6)))
                }
            }
        }

        @Test func aNewSecretFreesAnEndpointWhoseFormerOneDoesNotOpen() async throws {
            try await withPlatform { platform in
                try await declare("made: { url: \"\(platform.webhooks.url)/hooks/made\" }", on: platform)
                try await withWeir(platform) { weir in
                    _ = try await weir.run("webhook", "secret", "create", "made")
                    // As when its signing key is forgotten.
                    try await platform.database.run("update public.webhook_secret set sealed = 'does not open'")
                    let held = try await weir.run("webhook", "test", "made")
                    #expect(
                        held.status == 1 && held.errors.contains("was made with another WEIR_SIGNING_KEY"), "\(held)")

                    let made = try await weir.run("webhook", "secret", "create", "made")
                    try #require(made.status == 0 && made.lines.count == 1, "\(made)")
                    let kept = try await platform.database.value(
                        Int64.self,
                        "select count(*) from public.webhook_secret where coalesce(expires_at > now(), true)")
                    #expect(kept == 2, "the former one has its grace")
                    _ = try await weir.run("webhook", "enable", "made")
                    let taken = try await weir.run("webhook", "test", "made")
                    #expect(taken.status == 0 && taken.output.contains("HTTP 200"), "\(taken)")
                    try verify(platform.webhooks.received.last, WebhookSecret(parsing: made.lines[0]))
                }
            }
        }

        private func verify(_ received: WebhookReceiver.Received?, _ secret: WebhookSecret) throws {
            let request = try #require(received).request
            try secret.verify(
                id: request.headers["webhook-id"], timestamp: request.headers["webhook-timestamp"],
                signature: request.headers["webhook-signature"], body: request.body,
                now: Int64(Date().timeIntervalSince1970))
        }

        @Test func thereIsABoundOnSecretsAndBadWishesAreNamed() async throws {
            var options = Platform.Options()
            options.services = [.bus, .intake]
            try await withPlatform(options) { platform in
                let path = "/v1/webhook-endpoints/receiver/secrets"
                for (body, place) in [
                    (["kind": "rsa"], "$.kind"), (["grace": "tomorrow"], "$.grace"), (["grace": "31d"], "$.grace"),
                    (["secret": "whsec_x"], "$.secret"),
                ] as [(JSONValue, String)] {
                    let refused = try await platform.client.post(body, to: path)
                    #expect(refused.status == 422 && refused.paths == [place], "\(refused.json)")
                }
                for _ in 0..<8 {
                    let made = try await platform.client.post([:], to: path)
                    #expect(made.status == 201 && made.header("cache-control") == "no-store", "\(made.json)")
                }
                let tooMany = try await platform.client.post([:], to: path)
                #expect(tooMany.status == 409 && tooMany.code == "too_many_secrets", "\(tooMany.json)")
                // All of them go when one is feared to be known to others.
                let fresh = try await platform.client.post(["grace": "0s"], to: path)
                #expect(fresh.status == 201 && fresh.json["kind"] == "whsec", "\(fresh.json)")
                let kept = try await platform.database.value(Int64.self, "select count(*) from public.webhook_secret")
                #expect(kept == 1)
            }
        }

        // MARK: Again

        @Test func whatWasGivenUpIsVisibleAndIsSentAgain() async throws {
            var options = Platform.Options()
            options.variables[.delivery] = ["WEIR_DELIVERY_RETRIES": "10ms"]
            try await withPlatform(options) { platform in
                platform.webhooks.answer(500, 500)
                let id = try await platform.client.submit(["Abel"])
                let request = try await eventually("the delivery given up") {
                    let request = try await platform.client.request(id)
                    return request["deliveries"]?[0]?["state"] == "failed" ? request : nil
                }
                #expect(request["state"] == "done")
                #expect(request["deliveries"]?[0]?["reason"]?.stringValue?.contains("HTTP 500") == true, "\(request)")
                let deliveryID = try #require(request["deliveries"]?[0]?["id"]?.stringValue)
                try await withWeir(platform) { weir in
                    let status = try await weir.run("status", id)
                    #expect(
                        status.output.contains("HTTP 500")
                            && status.output.contains("weir webhook resend \(deliveryID)"))
                    let failed = try await weir.run("webhook", "deliveries", "receiver", "--state", "failed", "--json")
                    #expect(failed.json.arrayValue?.map { $0["id"]?.stringValue } == [deliveryID], "\(failed)")
                    #expect(failed.json[0]?["request"]?.stringValue == id && failed.json[0]?["substate"] == "http_500")

                    // The schedule begins anew: of this round, the second attempt is taken.
                    platform.webhooks.answer(500)
                    let resent = try await weir.run("webhook", "resend", deliveryID)
                    #expect(resent.status == 0, "\(resent)")
                    _ = try await platform.client.wait(for: id, toBe: "delivered")
                    let shown = try await weir.run("webhook", "delivery", deliveryID, "--json")
                    let statuses = shown.json["history"]?.arrayValue?.map { $0["status"]?.intValue }
                    #expect(statuses == [500, 500, 500, 200], "\(shown)")
                    let next = shown.json["history"]?.arrayValue?.map { $0["next_attempt_at"]?.stringValue }
                    #expect(next?.map { $0 != nil } == [true, false, true, false], "\(shown)")
                    let received = platform.webhooks.received
                    #expect(Set(received.map(\.id)) == [deliveryID] && Set(received.map(\.body)).count == 1)

                    let endpoints = try await weir.run("webhook", "list")
                    #expect(
                        endpoints.lines.count == 2 && endpoints.lines[1].hasPrefix("receiver  enabled"), "\(endpoints)")
                    let deliveries = try await weir.run("webhook", "deliveries", "receiver", "--limit", "1")
                    #expect(deliveries.lines.count == 2 && deliveries.lines[1].hasPrefix(deliveryID), "\(deliveries)")
                    let attempts = try await weir.run("webhook", "delivery", deliveryID)
                    #expect(
                        attempts.output.contains("HTTP 500") && attempts.lines.last?.contains("taken") == true,
                        "\(attempts)")
                    let second = next?[0]?.prefix(19).replacing("T", with: " ") ?? "no next attempt"
                    #expect(attempts.output.contains(second), "\(attempts)")

                    // One that was taken stays so, whatever becomes of it now.
                    platform.webhooks.answer(500, 500)
                    _ = try await weir.run("webhook", "resend", deliveryID)
                    let again = try await delivery(deliveryID, "failed", platform)
                    #expect(again["delivered_at"] != .null, "\(again)")
                    let after = try await platform.client.request(id)
                    #expect(after["state"] == "delivered", "\(after)")
                }
            }
        }

        @Test func aTimeIsRecoveredOnceTheEndpointIsEnabledAgain() async throws {
            try await withPlatform { platform in
                platform.webhooks.answer(410)
                let first = try await platform.client.submit(["Abel"])
                try await eventually("the endpoint disabled") {
                    try await platform.client.get("/v1/webhook-endpoints/receiver").json["state"] == "disabled"
                }
                try await eventually("the delivery given up") {
                    try await platform.client.request(first)["deliveries"]?[0]?["state"] == "failed"
                }
                // What ends meanwhile makes no delivery.
                let second = try await platform.client.submit(["Bebel"])
                let done = try await platform.client.wait(for: second, toBe: "done")
                #expect(done["deliveries"] == [])
                let deliveryID = try #require(
                    try await platform.client.request(first)["deliveries"]?[0]?["id"]?.stringValue)
                for path in [
                    "/v1/webhook-endpoints/receiver/test", "/v1/deliveries/\(deliveryID)/resend",
                    "/v1/webhook-endpoints/receiver/recover",
                ] {
                    let body: JSONValue = path.hasSuffix("recover") ? ["since": "2026-01-01T00:00:00Z"] : [:]
                    let refused = try await platform.client.post(body, to: path)
                    #expect(refused.status == 409 && refused.code == "endpoint_is_disabled", "\(path) \(refused.json)")
                    #expect(refused.json["detail"]?.stringValue?.contains("410") == true, "\(refused.json)")
                }
                try await withWeir(platform) { weir in
                    let enabled = try await weir.run("webhook", "enable", "receiver")
                    #expect(enabled.status == 0 && enabled.output.contains("enabled"), "\(enabled)")
                    let before = try await weir.run(
                        "webhook", "recover", "receiver", "--since", "30d", "--until", "2020-01-02T00:00:00Z")
                    #expect(before.status == 2, "\(before)")
                    let recovered = try await weir.run("webhook", "recover", "receiver", "--since", "1h", "--json")
                    #expect(recovered.json["recovered"] == 1, "\(recovered)")
                    _ = try await platform.client.wait(for: first, toBe: "delivered")
                    let nothing = try await weir.run("webhook", "recover", "receiver", "--since", "1h")
                    #expect(nothing.lines == ["Nothing was given up in that time."], "\(nothing)")
                }
                let unfinished = try await platform.database.unfinishedRows()
                #expect(unfinished == [])
            }
        }

        @Test func aTestOfAnEndpointThatIsLeftAloneSaysUntilWhen() async throws {
            try await withPlatform { platform in
                try await platform.database.run(
                    """
                    insert into public.endpoint_health (org_id, webhook_endpoint_id, open_until)
                    select e.org_id, e.id, now() + interval '1 hour' from public.webhook_endpoint as e
                    """)
                try await withWeir(platform) { weir in
                    let held = try await weir.run("webhook", "test", "receiver")
                    #expect(held.status == 1 && held.errors.contains("nothing is posted to receiver until"), "\(held)")
                    #expect(held.errors.contains("weir webhook enable receiver"), "\(held)")
                    _ = try await weir.run("webhook", "enable", "receiver")
                    let taken = try await weir.run("webhook", "test", "receiver")
                    #expect(taken.status == 0 && taken.output.contains("HTTP 200"), "\(taken)")
                }
                try await eventually("the one that waited") { platform.webhooks.received.count == 2 }
            }
        }

        /// The breaker's time is over, and the receiver is well again: the event that is to show it goes as the probe.
        @Test func aTestThatGoesAsTheProbeIsWaitedFor() async throws {
            try await withPlatform { platform in
                try await platform.database.run(
                    """
                    insert into public.endpoint_health (org_id, webhook_endpoint_id, open_until, opened)
                    select e.org_id, e.id, now() - interval '1 second', 1 from public.webhook_endpoint as e
                    """)
                platform.webhooks.gate.close(after: 0)
                try await withWeir(platform) { weir in
                    async let tested = weir.run("webhook", "test", "receiver")
                    try await eventually("the probe under way") { platform.webhooks.gate.heldBack == 1 }
                    let probing = try await platform.database.value(
                        Bool.self,
                        "select open_until > clock_timestamp() and probe_id is not null from public.endpoint_health")
                    #expect(probing)
                    let shown = try await platform.client.get("/v1/webhook-endpoints/receiver").json
                    #expect(shown["health"]?["paused_until"] == .null, "\(shown)")
                    platform.webhooks.gate.open()
                    let taken = try await tested
                    #expect(taken.status == 0 && taken.output.contains("HTTP 200"), "\(taken)")
                }
            }
        }

        @Test func manyAreRecoveredPageByPage() async throws {
            var options = Platform.Options()
            options.services = [.bus, .intake]
            try await withPlatform(options) { platform in
                let planted = try await platform.database.value(
                    Int64.self,
                    """
                    with planted as (
                        insert into public.delivery (org_id, webhook_endpoint_id, event_type, payload, state, ended_at)
                        select e.org_id, e.id, 'webhook_endpoint.test', '{}', 'failed', timestamptz '2026-01-01 00:00:00+00' + make_interval(secs => k)
                        from public.webhook_endpoint as e cross join generate_series(1, 2500) as k
                        returning 1
                    )
                    select count(*) from planted
                    """)
                #expect(planted == 2500)
                var cursor: JSONValue = .null
                var pages: [Int] = []
                repeat {
                    let page = try await platform.client.post(
                        ["since": "2026-01-01T00:08:20Z", "until": "2026-01-01T00:41:30Z", "cursor": cursor],
                        to: "/v1/webhook-endpoints/receiver/recover")
                    #expect(page.status == 202, "\(page.json)")
                    pages.append(page.json["recovered"]?.intValue ?? -1)
                    cursor = page.json["cursor"] ?? .null
                } while cursor != .null && pages.count < 10
                // From second 500 to second 2,490, both included.
                #expect(pages == [1_000, 991])
                let left = try await platform.database.value(
                    Int64.self, "select count(*) from public.delivery where state = 'failed'")
                #expect(left == 499 + 10)
                // A list of a rare state takes several pages, none of them long.
                let list = try await platform.client.get(
                    "/v1/webhook-endpoints/receiver/deliveries?state=delivered&limit=10")
                #expect(list.json["deliveries"] == [] && list.json["cursor"] != .null, "\(list.json)")
                _ = try await platform.database.value(
                    Int64.self, "with gone as (delete from public.delivery returning 1) select count(*) from gone")
            }
        }

        // MARK: Tenants and time

        @Test func anotherOrganizationsEndpointsAndDeliveriesAreUnknown() async throws {
            var options = Platform.Options()
            options.organizations = ["acme", "globex"]
            try await withPlatform(options) { platform in
                try await declare(
                    "mine: { url: \"\(platform.webhooks.url)/hooks/mine\", secret: <<$secret.HOOK>> }", on: platform)
                let sent = try await platform.client.post([:], to: "/v1/webhook-endpoints/mine/test")
                let id = try #require(sent.json["delivery"]?.stringValue, "\(sent.json)")
                _ = try await delivery(id, "delivered", platform)
                let test = try #require(platform.webhooks.received.last)
                #expect(test.body["type"] == "webhook_endpoint.test" && test.id == id && test.fault == nil)

                let stranger = try #require(platform.clients["globex"])
                for path in [
                    "/v1/webhook-endpoints/mine", "/v1/webhook-endpoints/mine/deliveries", "/v1/deliveries/\(id)",
                    "/v1/webhook-endpoints/%00", "/v1/deliveries/x",
                ] {
                    let answer = try await stranger.get(path)
                    #expect(answer.status == 404 && answer.code == "not_found", "\(path): \(answer.json)")
                }
                for path in [
                    "/v1/webhook-endpoints/mine/secrets", "/v1/webhook-endpoints/mine/test",
                    "/v1/webhook-endpoints/mine/enable", "/v1/webhook-endpoints/mine/disable",
                    "/v1/deliveries/\(id)/resend",
                ] {
                    let answer = try await stranger.post([:], to: path)
                    #expect(answer.status == 404 && answer.code == "not_found", "\(path): \(answer.json)")
                }
                let untouched = try await platform.client.get("/v1/deliveries/\(id)").json
                #expect(untouched["state"] == "delivered" && untouched["attempts"] == 1, "\(untouched)")
                let own = try await stranger.get("/v1/webhook-endpoints?limit=1")
                #expect(
                    own.json["endpoints"]?.arrayValue?.map { $0["key"]?.stringValue } == ["receiver"], "\(own.json)")
                let rest = try await stranger.get("/v1/webhook-endpoints?limit=1&cursor=receiver")
                #expect(rest.json == ["endpoints": [], "cursor": .null], "\(rest.json)")
                var nobody = stranger
                nobody.key = nil
                let refused = try await nobody.get("/v1/webhook-endpoints")
                #expect(refused.status == 401)
            }
        }

        @Test func oldDeliveriesAreDeletedAndSayThatTheyAreGone() async throws {
            var options = Platform.Options()
            options.shared["WEIR_DELIVERY_RETENTION"] = "24h"
            options.services = [.bus, .intake, .scheduler]
            try await withPlatform(options) { platform in
                try await platform.kill9(.scheduler)
                let old = try await platform.database.column(
                    String.self,
                    """
                    insert into public.delivery (org_id, id, webhook_endpoint_id, event_type, payload, state, ended_at)
                    select e.org_id, overlay(overlay(utils.uuid_v7_floor(clock_timestamp() - interval '3 days')::text placing '7' from 15)
                                       placing i.last from 35)::uuid,
                           e.id, 'webhook_endpoint.test', '{}', i.state, i.ended_at
                    from public.webhook_endpoint as e
                    cross join (values ('01', 'delivered', clock_timestamp() - interval '25 hours'),
                                       ('02', 'failed', clock_timestamp() - interval '23 hours'),
                                       ('03', 'ready', null)) as i(last, state, ended_at)
                    returning id::text
                    """
                ).sorted()
                try await platform.start(.scheduler)
                try await eventually("the old delivery deleted") {
                    try await platform.client.get("/v1/deliveries/\(old[0])").status == 410
                }
                let resent = try await platform.client.post([:], to: "/v1/deliveries/\(old[0])/resend")
                #expect(resent.status == 410 && resent.code == "delivery_is_gone", "\(resent.json)")
                for id in old.dropFirst() {
                    let kept = try await platform.client.get("/v1/deliveries/\(id)")
                    #expect(kept.status == 200, "\(kept.json)")
                }
                let never = try await platform.client.get("/v1/deliveries/\(UUID().uuidString)")
                #expect(never.status == 404, "an id that tells no time was called gone")
                _ = try await platform.database.value(
                    Int64.self, "with gone as (delete from public.delivery returning 1) select count(*) from gone")
            }
        }
    }
}

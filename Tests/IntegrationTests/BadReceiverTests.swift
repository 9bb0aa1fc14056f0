import Foundation
import JSON
import TestServers
import Testing

extension IntegrationTests {
    /// Webhook endpoints that misbehave: each costs a reason that a person understands, and nobody else anything.
    @Suite("Bad receivers")
    struct BadReceiverTests {
        /// A bad receiver, and what becomes of a delivery to it.
        struct Case: Sendable {
            let name: String
            let receiver: BadReceiver
            let substate: String
            /// What its reason says.
            let words: String

            init(_ name: String, _ receiver: BadReceiver, _ substate: String, _ words: String) {
                (self.name, self.receiver, self.substate, self.words) = (name, receiver, substate, words)
            }
        }

        static let cases = [
            Case("silence", .silence, "timeout", "no whole answer within"),
            Case("drip", .drip, "timeout", "no whole answer within"),
            Case("late", .late, "timeout", "no whole answer within"),
            Case("endless_body", .endlessBody, "body_too_large", "larger than the limit"),
            Case("gzip_bomb", .gzipBomb, "body_too_large", "larger than the limit"),
            Case("many_headers", .manyHeaders, "headers_too_large", "256 fields"),
            Case("reset", .reset, "network", "reset"),
            Case("retry_after_negative", .unavailable(retryAfter: "-1"), "http_503", "HTTP 503"),
            Case("retry_after_huge", .unavailable(retryAfter: "9999999999"), "http_503", "HTTP 503"),
            Case(
                "retry_after_far", .unavailable(retryAfter: "Fri, 31 Dec 9999 23:59:59 GMT"), "http_503", "HTTP 503"),
            Case(
                "retry_after_wrong", .unavailable(retryAfter: "Wed, 31 Dec 9999 23:59:59 GMT"), "http_503", "HTTP 503"),
            Case("too_many_requests", .tooManyRequests, "http_429", "HTTP 429"),
            Case("gone", .gone, "http_410", "HTTP 410"),
        ]

        /// A platform whose deliveries may call these ports only, and one request for an activity that names all of these endpoints.
        private func withEndpoints(
            _ endpoints: [(name: String, url: String)], ports: [UInt16], options: Platform.Options = .init(),
            _ body: (Platform, WebhookReceiver, _ request: String) async throws -> Void
        ) async throws {
            let healthy = try WebhookReceiver()
            var options = options
            let healthyPort = healthy.url.split(separator: ":").last.map(String.init) ?? ""
            options.variables[.delivery, default: [:]].merge([
                "WEIR_OUTBOUND_ALLOW": (ports.map { "\($0)" } + [healthyPort]).map { "127.0.0.1:\($0)" }
                    .joined(separator: ","),
                "WEIR_SECRET_HEALTHY": healthy.secret,
            ]) { $1 }
            try await withPlatform(options) { platform in
                let all = endpoints + [(name: "healthy", url: healthy.url)]
                let yaml = CatalogueText(api: platform.api.url, webhooks: platform.webhooks.url).yaml
                    .replacing(
                        "webhook_endpoints:\n",
                        with: "webhook_endpoints:\n"
                            + all.map { "  \($0.name): { url: \"\($0.url)\", secret: \"<<$secret.HEALTHY>>\" }\n" }
                            .joined()
                    )
                    .replacing(
                        "activities:\n",
                        with: """
                            activities:
                              everywhere:
                                type: enrichment
                                object_type: company
                                sources: [registry]
                                webhook_endpoints: [\(all.map(\.name).joined(separator: ", "))]

                            """)
                try await platform.database.apply(yaml)
                let id = try await platform.client.submit(["Abel"], activity: "everywhere")
                try await body(platform, healthy, id)
                try await platform.expectNowhere([healthy.secret, String(healthy.secret.dropFirst("whsec_".count))])
            }
            await healthy.stop()
        }

        /// Waits until every one of these endpoints has been tried, and gives its delivery.
        private func attempted(
            _ count: Int, of id: String, _ platform: Platform
        ) async throws -> [String: JSONValue] {
            try await eventually("an attempt at each of \(count) endpoints") {
                let deliveries = try await platform.client.request(id)["deliveries"]?.arrayValue ?? []
                let tried = deliveries.filter { $0["state"] == "delivered" || $0["substate"] != .null }
                guard tried.count == count else { return nil }
                return Dictionary(uniqueKeysWithValues: tried.map { ($0["endpoint"]?.stringValue ?? "", $0) })
            }
        }

        @Test func eachEndsWithAReasonAndNothingIsLost() async throws {
            let servers = try Self.cases.map { bad in (bad, try RawServer(bad.receiver.serve)) }
            let secure = try SelfSignedServer()
            defer { secure.stop() }
            let inside = try RawServer { $0.answer("200 OK") }
            let redirecting = try RawServer(BadReceiver.redirect("http://127.0.0.1:\(inside.port)/").serve)
            var endpoints = servers.map { (name: $0.0.name, url: "http://127.0.0.1:\($0.1.port)/") }
            endpoints += [
                (name: "self_signed", url: "https://127.0.0.1:\(secure.port)/"),
                (name: "redirect", url: "http://127.0.0.1:\(redirecting.port)/"),
                // A name, whose address is looked at when it is known: at this port, nothing of the inside is allowed.
                (name: "private", url: "http://localhost:\(inside.port)/"),
            ]
            var options = Platform.Options()
            options.variables[.delivery] = ["WEIR_DELIVERY_TIMEOUT": "5s", "WEIR_DELIVERY_RETRIES": "1h"]
            let expected =
                Self.cases + [
                    Case("self_signed", .gone, "tls", "certificate"), Case("redirect", .gone, "http_302", "HTTP 302"),
                    Case("private", .gone, "address_refused", "is not an address to connect to"),
                ]
            try await withEndpoints(
                endpoints, ports: servers.map(\.1.port) + [secure.port, redirecting.port], options: options
            ) { platform, healthy, id in
                let deliveries = try await attempted(expected.count + 1, of: id, platform)
                for bad in expected {
                    let delivery = try #require(deliveries[bad.name])
                    let reason = delivery["reason"]?.stringValue ?? ""
                    #expect(delivery["substate"] == .string(bad.substate), "\(bad.name): \(delivery)")
                    #expect(reason.contains(bad.words), "\(bad.name): \(reason)")
                    #expect(["ready", "failed"].contains(delivery["state"]?.stringValue), "\(bad.name): \(delivery)")
                }
                #expect(deliveries["healthy"]?["state"] == "delivered")
                // It may hear of endpoints that were disabled, too.
                let outcomes = healthy.received.filter { $0.body["type"] == "activity_request.completed" }
                #expect(outcomes.count == 1 && healthy.received.allSatisfy { $0.fault == nil })
                #expect(inside.connectionsAccepted == 0)
                // No endpoint puts its delivery off for longer than a day and the schedule's share.
                let far = try await platform.database.column(
                    String.self,
                    """
                    select e.key from public.delivery as d join public.webhook_endpoint as e on e.id = d.webhook_endpoint_id
                    where d.state = 'ready' and d.due_at not between d.created_at and d.created_at + interval '27 hours'
                    """)
                #expect(far == [])
                let request = try await platform.client.request(id)
                #expect(request["state"] == "done" && request["runs"]?["done"] == 1)
                let result = try await platform.client.get("\(IntakeClient.requests)/\(id)/result")
                #expect(result.json["objects"]?.arrayValue?.count == 1)
            }
            for (_, server) in servers { await server.stop() }
            await redirecting.stop()
            await inside.stop()
        }

        @Test func silentOnesDoNotDelayTheOthers() async throws {
            let silent = try RawServer(BadReceiver.silence.serve)
            var options = Platform.Options()
            options.variables[.delivery] = ["WEIR_DELIVERY_TIMEOUT": "120s"]
            let endpoints = (0..<20).map { (name: "silent_\($0)", url: "http://127.0.0.1:\(silent.port)/") }
            try await withEndpoints(endpoints, ports: [silent.port], options: options) { platform, healthy, id in
                try await eventually("the delivery to the healthy endpoint") { !healthy.received.isEmpty }
                try await eventually("all silent ones that are being waited for") { silent.connectionsOpen == 20 }
                try await eventually("the delivery of the healthy one in the books, while the others are waited for") {
                    try await platform.client.request(id)["deliveries"]?.arrayValue?
                        .filter { $0["state"] != "in_progress" }.map { $0["endpoint"] } == ["healthy"]
                }
                #expect(silent.connectionsOpen == 20 && silent.connectionsAccepted == 20)
                await silent.stop()
                _ = try await attempted(21, of: id, platform)
            }
        }

        @Test func whatAnEndpointEchoesIsKeptWithoutSecrets() async throws {
            let healthy = try WebhookReceiver()
            let echo = try RawServer(BadReceiver.echo(healthy.secret).serve)
            var options = Platform.Options()
            options.variables[.delivery] = ["WEIR_SECRET_HOOK": healthy.secret]
            try await withPlatform(options) { platform in
                try await platform.database.apply(
                    CatalogueText(api: platform.api.url, webhooks: "http://127.0.0.1:\(echo.port)").yaml)
                let id = try await platform.client.submit(["Abel"])
                let delivery = try #require(try await attempted(1, of: id, platform)["receiver"])
                #expect(delivery["substate"] == "http_500")
                let answer = try await platform.database.value(
                    String.self, "select answer from public.delivery_attempt order by attempt limit 1")
                #expect(answer.contains("webhook-id:") && answer.contains("POST "))
                try await platform.expectNowhere([
                    healthy.secret, String(healthy.secret.dropFirst("whsec_".count)),
                ])
                // A signature is as good as the secret while its timestamp is fresh.
                let signature = answer.split(separator: "\r\n").first { $0.hasPrefix("webhook-signature:") }
                #expect(signature?.contains("v1,") != true || signature?.contains("***") == true, "\(answer)")
            }
            await echo.stop()
            await healthy.stop()
        }

        @Test func anEndpointThatRecoversGetsWhatItWasSentBefore() async throws {
            let receiver = try WebhookReceiver()
            let bad = try RawServer(BadReceiver.reset.serve)
            let ports = [bad.port, UInt16(receiver.url.split(separator: ":").last ?? "") ?? 0]
            var options = Platform.Options()
            options.variables[.delivery] = [
                "WEIR_DELIVERY_RETRIES": "1h,1h,1h", "WEIR_SECRET_HOOK": receiver.secret,
                "WEIR_OUTBOUND_ALLOW": ports.map { "127.0.0.1:\($0)" }.joined(separator: ","),
            ]
            try await withPlatform(options) { platform in
                func apply(_ url: String) async throws {
                    try await platform.database.apply(CatalogueText(api: platform.api.url, webhooks: url).yaml)
                }
                try await apply("http://127.0.0.1:\(bad.port)")
                let id = try await platform.client.submit(["Abel"])
                _ = try await attempted(1, of: id, platform)
                let (delivery, payload) = try await (
                    platform.database.value(String.self, "select id::text from public.delivery"),
                    platform.database.value(String.self, "select convert_from(payload, 'UTF8') from public.delivery")
                )
                try await apply(receiver.url)
                _ = try await platform.database.column(
                    Int32.self,
                    "update public.delivery set due_at = clock_timestamp() where state = 'ready' returning attempt")
                _ = try await platform.client.wait(for: id, toBe: "delivered")
                let received = receiver.received
                #expect(received.map(\.fault) == [nil] && received.map(\.id) == [delivery])
                #expect(received.first?.body == (try JSONValue(parsing: payload)))
            }
            await bad.stop()
            await receiver.stop()
        }
    }
}

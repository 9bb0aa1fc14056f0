import Contracts
import Foundation
import JSON
import Store
import Synchronization
import Testing

extension IntegrationTests {
    /// What delivery processes make of endpoints that are well, slow, dead or many.
    @Suite("Endpoints")
    struct EndpointTests {
        private static func options(retries: String = "100ms,200ms,300ms", processes: Int = 1) -> Platform.Options {
            var options = Platform.Options()
            options.services = [.bus, .intake, .delivery, .scheduler]
            options.counts = [.delivery: processes]
            options.shared = ["WEIR_DELIVERY_RETRIES": retries, "WEIR_DELIVERY_POLL": "100ms"]
            return options
        }

        private func withEndpoints(
            _ keys: [String], _ settings: [String: [String: String]] = [:], with options: Platform.Options = options(),
            _ body: (Platform, [String: StubEndpoint]) async throws -> Void
        ) async throws {
            try await withPlatform(options) { platform in
                var endpoints: [String: StubEndpoint] = [:]
                for key in keys {
                    endpoints[key] = try await StubEndpoint(key, of: platform, settings[key] ?? [:])
                }
                do {
                    try await body(platform, endpoints)
                } catch {
                    for endpoint in endpoints.values { await endpoint.stop() }
                    throw error
                }
                for endpoint in endpoints.values { await endpoint.stop() }
            }
        }

        @Test func theIdStaysTheTimestampIsFreshAndTheScheduleEnds() async throws {
            try await withEndpoints(["down"], with: Self.options(retries: "1100ms,1100ms")) { platform, endpoints in
                let down = try #require(endpoints["down"])
                down.answerAlways { _ in .status(500) }
                try await down.make(1)
                try await eventually("the end of the schedule") { try await down.count("failed") == 1 }
                #expect(Set(down.received.map(\.id)).count == 1 && Set(down.received.map(\.body)).count == 1)
                #expect(down.received.count == 3 && Set(down.received.map(\.timestamp)).count > 1)
                let secret = try WebhookSecret(parsing: platform.webhooks.secret)
                for one in down.received {
                    try secret.verify(
                        id: one.id, timestamp: one.timestamp, signature: one.signature, body: one.body,
                        now: Int64(Date().timeIntervalSince1970))
                }
                let next = try await down.value(Int64.self, "count(t.next_at)")
                #expect(next == 2, "two attempts were followed by another, the last was not")
                // Who sends it again begins the schedule anew.
                _ = try await platform.database.value(
                    Int64.self,
                    "with again as (update public.delivery set state = 'ready', due_at = now() returning 1) select count(*) from again"
                )
                try await eventually("the end of the schedule again") { try await down.count("failed") == 1 }
                #expect(down.received.count == 6)
            }
        }

        @Test func goneMeansDisabledAndTheOthersHearOfIt() async throws {
            try await withEndpoints(["gone", "other"]) { platform, endpoints in
                let (gone, other) = (try #require(endpoints["gone"]), try #require(endpoints["other"]))
                gone.answerAlways { _ in .status(410) }
                try await gone.make(40)
                let event = try await eventually("the event at the other endpoint") { other.received.first }
                let body = try JSONValue(parsing: event.body)
                #expect(body["type"] == "webhook_endpoint.disabled" && body["data"]?["endpoint"] == "gone")
                #expect(body["data"]?["reason"]?.stringValue?.contains("410") == true)
                try await eventually("all given up") { try await gone.count("failed") == 40 }
                #expect(gone.received.count == 1, "a new endpoint gets one at a time, and none after that")
                let reason = try await gone.value(String.self, "max(d.state_reason) filter (where d.attempt = 0)")
                #expect(reason == "its endpoint gone is disabled: it answered HTTP 410 (Gone)")
                try await eventually("the event at the receiver") {
                    platform.webhooks.received.contains { $0.body["type"] == "webhook_endpoint.disabled" }
                }
            }
        }

        @Test func givingUpHoldsNobodyUp() async throws {
            try await withEndpoints(["off", "fresh"]) { platform, endpoints in
                let (off, fresh) = (try #require(endpoints["off"]), try #require(endpoints["fresh"]))
                try await StatementGate.with(
                    platform.database, event: "update", on: "delivery",
                    if: "exists (select from given where state = 'failed')"
                ) { gate in
                    _ = try await platform.database.value(
                        UUID.self, "update public.webhook_endpoint set disabled_at = now() where id = $1 returning id",
                        off.id.uuid)
                    try await off.make(10)
                    try await gate.waitUntilHeld()
                    try await fresh.make(5)
                    try await eventually("those of the other endpoint, while the giving up is held") {
                        try await fresh.count("delivered") == 5
                    }
                    #expect(try await off.count("ready") == 10)
                }
                try await eventually("all given up") { try await off.count("failed") == 10 }
                #expect(off.received.isEmpty)
            }
        }

        @Test func anEndpointThatNothingGetsThroughToForTooLongIsDisabled() async throws {
            var options = Self.options(retries: "500ms,500ms,500ms,500ms,500ms")
            options.shared["WEIR_DELIVERY_DISABLE_AFTER"] = "1s"
            try await withEndpoints(["down"], with: options) { _, endpoints in
                let down = try #require(endpoints["down"])
                down.answerAlways { _ in .status(500) }
                try await down.make(1)
                try await eventually("the endpoint disabled") {
                    try await down.value(Bool.self, "bool_or(e.disabled_at is not null)")
                }
                try await eventually("its delivery given up") { try await down.count("failed") == 1 }
                let reason = try await down.value(String.self, "max(e.disabled_reason)")
                #expect(
                    reason.wholeMatch(of: /nothing has got through since [0-9-]{10} [0-9:]{5}Z/) != nil, "\(reason)")
            }
        }

        @Test func whatTheEndpointAsksForDecidesAboutTheNextAttempt() async throws {
            // Counted from the beginning of the statement that records the attempt, which may take its time.
            let cases: [(key: String, reply: StubReply, seconds: ClosedRange<Double>)] = [
                ("busy", .status(429), 59...70),
                ("patient", .status(503, headers: [("retry-after", "120")]), 119...140),
                ("later", .status(503, headers: [("retry-after", "Wed, 31 Dec 9999 23:59:59 GMT")]), 86_390...86_410),
                ("huge", .status(429, headers: [("retry-after", "9999999999")]), 86_390...86_410),
                ("odd", .status(503, headers: [("retry-after", "-1")]), 7...20),
                ("soon", .status(503, headers: [("retry-after", "0")]), 7...20),
                ("moved", .status(302, headers: [("location", "http://127.0.0.1:1/")]), 7...20),
                ("silent", .silence, 59...70),
            ]
            var options = Self.options(retries: "10s")
            options.shared["WEIR_DELIVERY_TIMEOUT"] = "5s"
            try await withEndpoints(cases.map(\.key), with: options) { platform, endpoints in
                for (key, reply, _) in cases {
                    endpoints[key]?.answerAlways { _ in reply }
                    try await endpoints[key]?.make(1)
                }
                for (key, _, range) in cases {
                    let endpoint = try #require(endpoints[key])
                    let wait = try await eventually("the first attempt of \(key)") {
                        try await endpoint.value(
                            Double?.self, "extract(epoch from max(t.next_at - t.at))::double precision")
                    }
                    #expect(range.contains(wait), "\(key) waits \(wait) s")
                }
                // What waits must not count as open when the test ends.
                _ = try await platform.database.value(
                    Int64.self,
                    "with up as (update public.delivery set state = 'failed' returning 1) select count(*) from up")
            }
        }

        @Test func aBreakerOpensAfterTenFailuresAndOneProbeClosesIt() async throws {
            try await withEndpoints(["flaky"], with: Self.options(retries: "1s,1s,1s", processes: 2)) {
                platform, endpoints in
                let flaky = try #require(endpoints["flaky"])
                try await flaky.make(1)
                try await eventually("a first success") { try await flaky.count("delivered") == 1 }
                flaky.answerAlways { _ in .status(500) }
                try await flaky.make(200)
                try await eventually("the breaker open") {
                    try await flaky.value(Bool.self, "bool_or(h.open_until is not null)")
                }
                try await eventually("nothing under way") { try await flaky.count("in_progress") == 0 }
                let posted = flaky.received.count
                #expect(posted < 1 + 2 * 16 * 3, "at the most what was under way when it opened")
                let untried = try await flaky.value(Int64.self, "count(distinct d.id) filter (where d.attempt = 0)")
                #expect(untried > 100, "whatever waits has used up no attempt")
                // Time passes: one probe of both processes.
                flaky.gate.close(after: 0)
                flaky.answerAlways { _ in .status(200) }
                _ = try await platform.database.value(
                    Int64.self,
                    "with up as (update public.endpoint_health set open_until = now() returning 1) select count(*) from up"
                )
                try await eventually("the probe") { flaky.gate.heldBack == 1 }
                #expect(try await flaky.count("in_progress") == 1)
                flaky.gate.open()
                try await eventually("all delivered") { try await flaky.count("delivered") == 201 }
                let isClosed = try await flaky.value(
                    Bool.self, "bool_and(h.open_until is null and h.failing_since is null)")
                #expect(isClosed)
            }
        }

        @Test func aStormOf429IsOverAfterTenPosts() async throws {
            try await withEndpoints(["busy"], with: Self.options(retries: "100ms,100ms,100ms")) { platform, endpoints in
                let busy = try #require(endpoints["busy"])
                busy.answerAlways { _ in .status(429) }
                try await busy.make(100)
                try await eventually("the breaker open") {
                    try await busy.value(Bool.self, "bool_or(h.open_until is not null)")
                }
                // One that has taken nothing yet is posted to by one at a time.
                #expect(busy.received.count == 10 && Set(busy.received.map(\.id)).count == 10)
                let waits = try await busy.value(
                    Double.self, "extract(epoch from min(t.next_at - t.at))::double precision")
                #expect(waits >= 59, "whoever has too much to do is left alone for a minute at the least")
                let untried = try await busy.value(Int64.self, "count(distinct d.id) filter (where d.attempt = 0)")
                #expect(untried == 90, "the others have used up no attempt")
                _ = try await platform.database.value(
                    Int64.self,
                    "with up as (update public.delivery set state = 'failed' returning 1) select count(*) from up")
            }
        }

        @Test func aRateHoldsOverAllProcesses() async throws {
            let settings = ["calls": "4", "per_seconds": "1"]
            try await withEndpoints(["paced", "free"], ["paced": settings], with: Self.options(processes: 2)) {
                _, endpoints in
                let (paced, free) = (try #require(endpoints["paced"]), try #require(endpoints["free"]))
                let arrivals = Arrivals()
                paced.answerAlways { _ in
                    arrivals.note()
                    return .status(200)
                }
                try await paced.make(25)
                try await free.make(25)
                try await eventually("all of the free one") { try await free.count("delivered") == 25 }
                #expect(try await paced.count("delivered") < 25, "the other one is not done yet")
                try await eventually("all of the paced one") { try await paced.count("delivered") == 25 }
                // The 24 that follow the first take a quarter of a second each, however slow all else is; the first may be late by as much.
                #expect(arrivals.span > .seconds(4))
                let attempts = try await paced.value(Int32.self, "max(d.attempt)")
                #expect(attempts == 1)
            }
        }

        @Test func deliveriesOfOneSubjectArriveInTheirOrder() async throws {
            let settings = ["ordered": ["is_ordered": "true"]]
            let options = Self.options(retries: "300ms,300ms,300ms", processes: 2)
            try await withEndpoints(["ordered"], settings, with: options) { _, endpoints in
                let ordered = try #require(endpoints["ordered"])
                ordered.answer(.status(200), .status(500), .status(500), .status(500), .status(500))
                try await ordered.make(30, subject: "one")
                try await eventually("all over") { try await ordered.count("delivered") == 29 }
                #expect(try await ordered.count("failed") == 1, "one is given up, and the others go on")
                let numbers = ordered.received.compactMap { (try? JSONValue(parsing: $0.body))?["number"]?.intValue }
                #expect(numbers == numbers.sorted() && Set(numbers) == Set(1...30))
                // Another subject does not wait for this one.
                ordered.answer(.silence)
                try await ordered.make(1, subject: "one")
                try await eventually("the silent one") { try await ordered.count("in_progress") == 1 }
                try await ordered.make(5, subject: "two")
                try await eventually("those of the other subject") { try await ordered.count("delivered") == 34 }
                await ordered.stop()
                try await eventually("the silent one given up or taken") { try await ordered.count("failed") == 2 }
            }
        }

        @Test func aBacklogAndDeadEndpointsDoNotHoldOthersUp() async throws {
            var options = Self.options()
            // So few places that the silent ones would hold all of them.
            options.shared["WEIR_DELIVERY_POSTS"] = "8"
            options.shared["WEIR_DELIVERY_RETRIES"] = "1h"
            options.shared["WEIR_DELIVERY_TIMEOUT"] = "300s"
            let silent = (1...12).map { "silent\($0)" }
            try await withEndpoints(silent + ["backlog", "fresh"], with: options) { platform, endpoints in
                let (backlog, fresh) = (try #require(endpoints["backlog"]), try #require(endpoints["fresh"]))
                for key in ["backlog", "fresh"] {
                    try await endpoints[key]?.make(1)
                    try await eventually("\(key) proven") { try await endpoints[key]?.count("delivered") == 1 }
                }
                for key in silent {
                    endpoints[key]?.answerAlways { _ in .silence }
                    try await endpoints[key]?.make(50)
                }
                try await eventually("the silent ones at it") {
                    silent.count { endpoints[$0]?.received.isEmpty == false } == 4
                }
                try await backlog.make(100_000)
                try await fresh.make(20)
                try await eventually("the fresh ones") { try await fresh.count("delivered") == 21 }
                #expect(try await backlog.count("ready") > 50_000, "the backlog is far from done")
                #expect(
                    silent.count { endpoints[$0]?.received.isEmpty == false } <= 8, "the silent ones had their turns")
                for endpoint in endpoints.values { await endpoint.stop() }
                try await platform.kill9(.delivery)
                _ = try await platform.database.value(
                    Int64.self,
                    "with up as (update public.delivery set state = 'failed', worker_id = null returning 1) select count(*) from up"
                )
            }
        }

        @Test func secretsThatAReceiverRepeatsAreMasked() async throws {
            var options = Self.options()
            options.shared["WEIR_SECRET_TOKEN"] = "a bearer's own token"
            try await withPlatform(options) { platform in
                let made = WebhookSecret.makeText()
                let key = WebhookPrivateKey.makeText()
                let echo = try await StubEndpoint(
                    "echo", of: platform,
                    ["headers": #"'{"authorization": "Bearer <<$secret.TOKEN>>", "x-plain": "seen"}'::jsonb"#])
                let seal = WebhookSecretSeal(try #require(SigningKeys(current: Platform.signingKey)))
                let org = OrgID(
                    try await platform.database.value(
                        UUID.self, "select org_id from public.webhook_endpoint where id = $1", echo.id.uuid))
                for (kind, text) in [("whsec", made), ("whsk", key)] {
                    let id = WebhookSecretID(UUID())
                    let sealed = try seal.seal(text, org: org, endpoint: echo.id, id: id)
                    _ = try await platform.database.value(
                        UUID.self,
                        "insert into public.webhook_secret (org_id, id, webhook_endpoint_id, kind, sealed) values ($1, $2, $3, $4, decode($5, 'hex')) returning id",
                        org.uuid, id.uuid, echo.id.uuid, kind, sealed.hexadecimal)
                }
                let declared = platform.webhooks.secret
                echo.answerAlways { request in
                    let seen = request.headers.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }
                    let text = (seen + [declared, made, key]).joined(separator: "\n")
                    return .answer(
                        status: 500, body: Array(text.utf8) + Array(repeating: UInt8(ascii: "x"), count: 30_000))
                }
                try await echo.make(1)
                try await eventually("the last attempt") { try await echo.count("failed") == 1 }
                let one = try #require(echo.received.first)
                #expect(
                    one.headers["authorization"] == "Bearer a bearer's own token" && one.headers["x-plain"] == "seen")
                // Each of its secrets signs.
                let now = Int64(Date().timeIntervalSince1970)
                for text in [declared, made] {
                    try WebhookSecret(parsing: text).verify(
                        id: one.id, timestamp: one.timestamp, signature: one.signature, body: one.body, now: now)
                }
                let publicKey = try WebhookPublicKey(parsing: WebhookPrivateKey(parsing: key).publicText)
                #expect(
                    publicKey.accepts(signature: one.signature, id: one.id, timestamp: one.timestamp, body: one.body))
                let answer = try await echo.value(String.self, "max(t.answer)")
                #expect(answer.contains("x-plain: seen") && answer.contains("***") && answer.utf8.count >= 20_000)
                #expect(answer.utf8.count <= 20_003)
                try await platform.expectNowhere(
                    [declared, made, key, "a bearer's own token"]
                        + [declared, made, key].map { String($0.drop { $0 != "_" }.dropFirst()) })
                await echo.stop()
            }
        }
    }
}

/// When something came, several threads at a time.
private final class Arrivals: Sendable {
    private let moments = Mutex<[ContinuousClock.Instant]>([])

    func note() {
        moments.withLock { $0.append(.now) }
    }

    /// From the first to the last.
    var span: Duration {
        moments.withLock { moments in moments.first.flatMap { first in moments.last.map { $0 - first } } ?? .zero }
    }
}

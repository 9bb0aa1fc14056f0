import Contracts
import JSON
import Messaging
import Testing

extension IntegrationTests {
    /// A trace goes through Weir and comes out at the webhook.
    @Suite("Traces")
    struct TraceTests {
        private static let trace = "4bf92f3577b34da6a3ce929d0e0e4736"
        private static let parent = "00f067aa0ba902b7"
        private static let traceparent = "00-\(trace)-\(parent)-01"
        /// The hints that are about one request.
        private static let hints: Set = [Topic.requestAccepted, Topic.runsClosed, Topic.requestCompleted]

        @Test func aTraceIsSeenInHintsInTheWebhookAndInTheLog() async throws {
            try await withPlatform { platform in
                let feed = try await Feed(of: platform)
                platform.api.script("Bad", [.status(404)])
                platform.webhooks.answer(503)
                // The last run of one fails in the executor, so that all three hints are said.
                let id = try await submit(#"{"activity":"enrich","objects":["Bad"]}"#, Self.traceparent, platform)
                _ = try await platform.client.wait(for: id, toBe: "failed")
                try await eventually("the webhook taken") { platform.webhooks.received.count == 2 }
                let events = try await eventually("a hint of each kind") {
                    let events = feed.events(about: id)
                    return Set(events.map(\.type)) == Self.hints ? events : nil
                }
                let org = try await platform.database.value(String.self, "select id::text from public.org")
                for event in events {
                    let trace = try #require(event.traceparent.flatMap { TraceContext(parsing: $0) }, "\(event)")
                    #expect(trace.traceID == Self.trace && trace.isSampled && trace.parentID != Self.parent)
                    #expect(event.orgID == org && event.time != nil && event.source.hasPrefix("/weir/"))
                }
                #expect(Set(events.compactMap(\.traceparent)).count == events.count, "every hint is a hop of its own")
                #expect(
                    events.contains { $0.type == Topic.requestCompleted && $0.source.hasPrefix("/weir/processor/") })
                for event in feed.events where event.type == Topic.runReady { #expect(event.traceparent == nil) }

                let hops = platform.webhooks.received.compactMap {
                    $0.traceparent.flatMap { TraceContext(parsing: $0) }
                }
                #expect(hops.map(\.traceID) == [Self.trace, Self.trace] && hops.allSatisfy(\.isSampled))
                #expect(Set(hops.map(\.parentID) + [Self.parent]).count == 3, "every attempt is a hop of its own")
                #expect(!platform.api.headers.contains("traceparent") && platform.api.headers.contains("host"))

                let line = try await eventually("a line about the refused webhook") {
                    platform.logs.first { $0.instance.service == .delivery }?.text.split(separator: "\n")
                        .first { $0.contains("A webhook was not taken.") }
                }
                #expect(line.contains("trace_id=\(Self.trace)") && line.contains("request=\(id)"), "\(line)")
                await feed.close()
            }
        }

        @Test func withoutAValidTraceNoneIsInvented() async throws {
            try await withPlatform { platform in
                let feed = try await Feed(of: platform)
                let body = #"{"activity":"enrich","objects":["Abel"]}"#
                var ids = [try await platform.client.submit(["Abel"])]
                for malformed in ["00-\(Self.trace)-\(Self.parent)", Self.traceparent.uppercased(), "nonsense"] {
                    ids.append(try await submit(body, malformed, platform))
                }
                // Two of them are none.
                let twice = Array(repeating: ("traceparent", Self.traceparent), count: 2)
                let answer = try await platform.client.post(body, headers: twice)
                ids.append(try #require(answer.json["id"]?.stringValue))
                for id in ids { _ = try await platform.client.wait(for: id, toBe: "delivered") }
                let kept = try await platform.database.value(
                    Int64.self, "select count(*) from public.activity_request where traceparent is not null")
                #expect(kept == 0)

                // A row by plain SQL may say anything.
                let inserted = try await platform.database.value(
                    String.self,
                    """
                    insert into public.activity_request (org_id, activity_id, content, traceparent)
                    select org_id, id, '{"objects": ["Abel"]}', 'x' || chr(10) || 'y' from public.activity
                    where key = 'enrich' returning id::text
                    """)
                _ = try await platform.client.wait(for: inserted, toBe: "delivered")
                #expect(platform.webhooks.received.count == 6)
                #expect(platform.webhooks.received.allSatisfy { $0.traceparent == nil && $0.fault == nil })
                let events = ids.flatMap { feed.events(about: $0) } + feed.events(about: inserted)
                #expect(!events.isEmpty && events.allSatisfy { $0.traceparent == nil && $0.orgID != nil })
                await feed.close()
            }
        }

        @Test func aCommandAndARowByPlainSQLPassTheirTraceOn() async throws {
            try await withPlatform { platform in
                let bus = try BusClient(
                    configuration: BusConfiguration(endpoints: [platform.busEndpoint]), logger: .silent)
                let key = try #require(platform.client.key)
                let command = CloudEvent(
                    id: "1", source: "/shop", type: Topic.activityRequested, traceparent: Self.traceparent,
                    data: Array(#"{"activity":"enrich","objects":["Abel"]}"#.utf8),
                    extensions: ["apikey": JSONValue.string(key).encoded()])
                // Intake's HTTP interface may be there before its consumer is; a command may be said again.
                let reply = try await eventually("an answer to the command") {
                    try await bus.request(
                        topic: command.type, key: "enrich", body: command.encoded(), timeout: .seconds(60))
                }
                await bus.close()
                let commanded = try #require(try JSONValue(parsing: reply.body)["id"]?.stringValue)
                let inserted = try await platform.database.value(
                    String.self,
                    """
                    insert into public.activity_request (org_id, activity_id, content, traceparent)
                    select org_id, id, '{"objects": ["Bebel"]}', $1 from public.activity where key = 'enrich'
                    returning id::text
                    """, Self.traceparent)
                for id in [commanded, inserted] { _ = try await platform.client.wait(for: id, toBe: "delivered") }
                let hops = platform.webhooks.received.compactMap {
                    $0.traceparent.flatMap { TraceContext(parsing: $0) }
                }
                #expect(hops.map(\.traceID) == [Self.trace, Self.trace])
            }
        }

        private func submit(_ body: String, _ traceparent: String, _ platform: Platform) async throws -> String {
            let answer = try await platform.client.post(body, headers: [("traceparent", traceparent)])
            return try #require(answer.json["id"]?.stringValue, "\(answer.json)")
        }
    }
}

import Foundation
import JSON
import Messaging
import Testing

extension IntegrationTests {
    /// Work that comes over the bus or by plain SQL.
    @Suite("Commands and SQL")
    struct CommandTests {
        private static let topic = "dev.weir.activity.requested.v1"

        @Test func aCommandIsAnsweredAfterItsCommitAndARepeatIsTheSame() async throws {
            try await withPlatform { platform in
                try await platform.withBus { bus in
                    let event = try command(platform)
                    let reply = try await send(event.encoded(), over: bus)
                    try #require(reply.status == .ok)
                    let accepted = try JSONValue(parsing: reply.body)
                    let id = try #require(accepted["id"]?.stringValue)
                    // At once: the reply comes after the commit.
                    let origin = try await platform.database.value(
                        String.self, "select origin from public.activity_request where id::text = $1", id)
                    #expect(origin == "bus" && accepted["plan"]?["runs"] == 2)

                    let again = try await send(event.encoded(), over: bus)
                    #expect(again.status == .ok)
                    #expect(try JSONValue(parsing: again.body)["id"] == accepted["id"])
                    _ = try await platform.client.wait(for: id, toBe: "delivered")
                    #expect(platform.webhooks.received.count == 1 && platform.api.calls == ["Abel": 1, "Bebel": 1])

                    var other = event
                    other.data = Array(#"{"activity":"enrich","objects":["somebody else"]}"#.utf8)
                    let reused = try await send(other.encoded(), over: bus)
                    #expect(code(reused) == "idempotency_key_reused")
                }
            }
        }

        @Test func publishSaysTheIDOfItsEvent() async throws {
            var options = Platform.Options()
            options.services = [.bus, .intake]
            try await withPlatform(options) { platform in
                try await WeirProgram.with(variables: [
                    "WEIR_BUS_ENDPOINTS": platform.busEndpoint, "WEIR_API_KEY": platform.client.key ?? "",
                ]) { weir in
                    let data = #"{"activity":"enrich","objects":["Abel"]}"#
                    // Intake comes to the bus a moment after its HTTP interface is open; until then nobody takes commands.
                    let first = try await eventually("the command's acceptance") {
                        let outcome = try await weir.run("publish", Self.topic, "--data", data)
                        return outcome.status == 0 ? outcome : nil
                    }
                    let id = try #require(first.lines.first)
                    #expect(first.status == 0 && first.lines.count == 1 && UUID(uuidString: id) != nil, "\(first)")
                    // A command with the same id is carried out once.
                    let again = try await weir.run("publish", Self.topic, "--data", data, "--id", id, "--json")
                    #expect(again.json["event_id"]?.stringValue == id && again.json["activity"] == "enrich", "\(again)")
                    let accepted = try await platform.database.column(
                        String.self, "select id::text from public.activity_request")
                    #expect(accepted == [again.json["id"]?.stringValue])
                    let hint = [
                        "publish", "dev.weir.answer.recorded.v1", "--key", "answers", "--data", "{}", "--id", "h",
                    ]
                    let said = try await run(hint, weir)
                    #expect(said.output == "h\n" && said.errors.contains("published 1"), "\(said)")
                    #expect(try await run(hint + ["--json"], weir).json == ["event_id": "h", "count": 1])
                    let several = try await run(hint + ["--count", "3"], weir)
                    #expect(several.output.isEmpty && several.errors.contains("ids are h-0 to h-2"), "\(several)")
                }
            }
        }

        private func run(_ arguments: [String], _ weir: WeirProgram) async throws -> WeirProgram.Outcome {
            let process = try weir.process(arguments)
            try await process.start()
            let status = await process.exitStatus()
            return .init(status: status, output: process.log, errors: process.errors)
        }

        @Test func aBadCommandIsRejectedAndKeptWithoutItsKey() async throws {
            var options = Platform.Options()
            options.services = [.bus, .intake]
            try await withPlatform(options) { platform in
                try await platform.withBus { bus in
                    let good = try command(platform)
                    let key = try #require(platform.client.key)
                    var unknown = good
                    unknown.type = "dev.weir.coffee.requested.v1"
                    var invalid = good
                    invalid.data = Array(#"{"activity":"enrich","objects":[]}"#.utf8)
                    var stranger = good
                    stranger.extensions["apikey"] = Array(#""weir_wrong""#.utf8)
                    var keyless = good
                    keyless.extensions = [:]
                    let cases: [(code: String, body: [UInt8])] = [
                        ("unknown_command", unknown.encoded()), ("invalid_request", invalid.encoded()),
                        ("unauthorized", stranger.encoded()), ("unauthorized", keyless.encoded()),
                        ("malformed", Array(#"{"apikey":"\#(key)"}"#.utf8)),
                        ("malformed", Array(#"{"apikey":"\#(key)""#.utf8)), ("malformed", [0xFF, 0x00]),
                    ]
                    for given in cases {
                        let reply = try await send(given.body, over: bus)
                        #expect(code(reply) == given.code, "\(reply)")
                    }
                    let reasons = try await eventually("every bad command in dead_message") {
                        let reasons = try await platform.database.column(
                            String.self, "select reason from public.dead_message order by id")
                        return reasons.count == cases.count ? reasons : nil
                    }
                    #expect(reasons.count { $0.contains("$.objects") } == 1)
                    let leaks = try await platform.database.value(
                        Int.self,
                        """
                        select count(*) from public.dead_message as m
                        where position(convert_to($1, 'UTF8') in m.body) > 0 or m.reason like '%' || $1 || '%'
                        """, key)
                    #expect(leaks == 0, "a key was kept")
                    for (service, log) in platform.logs { #expect(!log.contains(key), "\(service) logged a key") }
                    let rows = try await platform.database.value(
                        Int.self, "select count(*) from public.activity_request")
                    #expect(rows == 0)
                    // The consumer has taken no harm.
                    let reply = try await send(good.encoded(), over: bus)
                    #expect(reply.status == .ok)
                }
            }
        }

        @Test func aRowThatIsInsertedByPlainSQLRuns() async throws {
            try await withPlatform { platform in
                let id = try await insert(#"{"objects":["Abel","Bebel"]}"#, platform)
                let request = try await platform.client.wait(for: id, toBe: "delivered")
                #expect(request["runs"]?["done"] == 2 && request["plan"]?["runs"] == 2)
                #expect(request["objects"]?["total"] == 2)
                #expect(platform.webhooks.received.first?.body["data"]?["request"] == .string(id))
            }
        }

        @Test func aRowThatIsInsertedAsValidIsExpandedAndCounted() async throws {
            try await withPlatform { platform in
                let id = try await insert(#"{"objects":["Abel","Bebel","Cebel"]}"#, as: "valid", platform)
                let request = try await platform.client.wait(for: id, toBe: "delivered")
                #expect(request["objects"]?["total"] == 3 && request["objects"]?["expanded"] == 3)
                #expect(request["plan"]?["runs"] == 3 && request["plan"]?["calls"] == 3)
                #expect(request["runs"]?["total"] == 3 && request["runs"]?["done"] == 3)
                let states = try await platform.client.timeline(of: id)
                    .filter { $0["subject"] == "request" }.compactMap { $0["to"]?.stringValue }
                #expect(states == ["valid", "ready", "in_progress", "done", "delivered"])
                let unfinished = try await platform.database.unfinishedRows()
                #expect(unfinished == [])
            }
        }

        @Test func aRowWithBadContentBecomesInvalidWithTheReason() async throws {
            try await withPlatform { platform in
                let cases = [
                    (#"{"objects":[]}"#, "$.objects"), (#"{"objects":["a","a"]}"#, "$.objects[1]"), (#"{}"#, "missing"),
                    (#"[]"#, "must be an object"), (#"{"objects":["a"],"colour":1}"#, "$.colour"),
                ]
                for (content, hint) in cases {
                    let id = try await insert(content, platform)
                    let request = try await platform.client.wait(for: id, toBe: "invalid")
                    #expect(request["reason"]?.stringValue?.contains(hint) == true, "\(content): \(request)")
                    let timeline = try await platform.client.timeline(of: id)
                    #expect(timeline.compactMap { $0["to"]?.stringValue } == ["new", "invalid"])
                }
                let good = try await platform.client.submit(["Abel"])
                _ = try await platform.client.wait(for: good, toBe: "delivered")
            }
        }

        private func insert(
            _ content: String, as state: String = "new", _ platform: Platform
        ) async throws -> String {
            try await platform.database.value(
                String.self,
                """
                insert into public.activity_request (org_id, activity_id, content, state)
                select org_id, id, $1::text::jsonb, $2::text::public.activity_request_state
                from public.activity where key = 'enrich' returning id::text
                """, content, state)
        }

        private func command(_ platform: Platform) throws -> CloudEvent {
            let key = try #require(platform.client.key)
            return CloudEvent(
                id: "order-17", source: "/shop", type: Self.topic,
                data: Array(#"{"activity":"enrich","objects":["Abel","Bebel"]}"#.utf8),
                extensions: ["apikey": JSONValue.string(key).encoded()])
        }

        private func send(_ body: [UInt8], over bus: BusClient) async throws -> BusReply {
            // Intake has just been started and may not hear commands yet; a command that is sent again is the same command.
            try await eventually("an answer to the command") {
                try await bus.request(topic: Self.topic, key: "enrich", body: body, timeout: .seconds(60))
            }
        }

        private func code(_ reply: BusReply) -> String? {
            guard case .rejected(let code, _) = reply.status else { return nil }
            return code
        }
    }
}

import JSON
import Testing

extension IntegrationTests {
    /// APIs that are asked about many objects at once: 2,000 objects in exchanges of 25.
    @Suite("Exchanges for several objects")
    struct ExchangeTests {
        static let names = (0..<2_000).map { "object \($0)" }
        /// Every hundredth is unknown to the API: in most exchanges all objects are known, in some one is not.
        static let unknown = Set(stride(from: 7, to: names.count, by: 100).map { names[$0] })
        static let exchangesBefore = 40

        @Test func eachObjectGetsItsOwnValuesInAsFewCallsAsThePlanSays() async throws {
            try await withPlatform { platform in
                platform.api.forget(Self.unknown)
                let body: JSONValue = ["activity": "gather", "objects": .array(Self.names.map { .string($0) })]
                let accepted = try await platform.client.post(body.encoded()).json
                #expect(accepted["plan"]?["runs"] == 2_000 && accepted["plan"]?["calls"] == 80)
                let id = try #require(accepted["id"]?.stringValue)
                _ = try await platform.client.wait(for: id, toBe: "delivered")

                let searches = platform.api.searches
                #expect(searches.count == accepted["plan"]?["calls"]?.intValue)
                #expect(searches.allSatisfy { $0.count == 25 })
                #expect(searches.flatMap(\.self).sorted() == Self.names.sorted())
                try await check(id, platform)
            }
        }

        @Test(arguments: [ServiceName.executor, .processor])
        func aServiceIsKilledInTheMiddle(_ service: ServiceName) async throws {
            try await withPlatform(.init(lease: "2s")) { platform in
                platform.api.forget(Self.unknown)
                platform.api.gate.close(after: Self.exchangesBefore)
                let id = try await platform.client.submit(Self.names, activity: "gather")
                try await eventually("exchanges that are not answered yet") { platform.api.gate.heldBack > 0 }
                try await eventually("runs that are done") {
                    let request = try await platform.client.request(id)
                    return (request["runs"]?["done"]?.intValue ?? 0) > 0
                }
                try await platform.kill9(service)
                let before = try await RecordedCalls(platform)
                #expect(!before.calls.isEmpty && before.calls.count < Self.names.count)
                platform.api.gate.open()
                try await platform.start(service)
                _ = try await platform.client.wait(for: id, toBe: "delivered")
                try await before.expectNoneTwice(of: Self.names, platform)
                try await check(id, platform)
            }
        }

        /// More answers wait than fit into one batch by their bytes: the runs behind the cut wait for the next batch with their answer.
        @Test func answersBeyondTheBytesOfABatchAreMappedInTheNext() async throws {
            try await withPlatform { platform in
                platform.api.lengthenNotes(to: 250_000)
                try await platform.kill9(.processor)
                let names = Array(Self.names[..<125])
                let id = try await platform.client.submit(names, activity: "gather")
                try await eventually("all answers, of 30 MB") {
                    try await platform.database.value(Int.self, "select count(*) from public.run_result") == 5
                }
                try await platform.start(.processor)
                let request = try await platform.client.wait(for: id, toBe: "delivered")
                #expect(request["runs"]?["done"]?.intValue == names.count && request["failures"] == [])
                let values = try await platform.database.value(Int.self, "select count(*) from public.value")
                #expect(values == 5 * names.count)
            }
        }

        private func check(_ id: String, _ platform: Platform) async throws {
            let request = try await platform.client.request(id)
            let known = Self.names.count - Self.unknown.count
            #expect(request["runs"]?["done"]?.intValue == Self.names.count)
            try await eventually("no row that waits for anybody") {
                try await platform.database.unfinishedRows().isEmpty
            }
            let lines = try await platform.client.get("/v1/activity-requests/\(id)/result?format=ndjson").lines
            #expect(lines.map { $0["object"]?.stringValue } == Self.names)
            let wrong = lines.filter { line in
                let name = line["object"]?.stringValue ?? ""
                let isKnown = !Self.unknown.contains(name)
                return line["values"]?["legal_name"]?.stringValue != (isKnown ? "\(name) GmbH" : nil)
                    || line["values"]?.objectValue?.count != (isKnown ? 5 : 0) || line["error"] != nil
            }
            #expect(wrong.isEmpty, "\(wrong.count), such as \(wrong.prefix(3))")
            let absent = try await platform.database.column(
                String.self,
                """
                select o.name from public.run_queue as r
                join public.request_object as o
                  on o.activity_request_id = r.activity_request_id and o.position = r.position
                where r.state = 'done' and r.state_substate = 'no_data' and r.state_reason like '%, but not this one'
                """)
            #expect(Set(absent) == Self.unknown && absent.count == Self.unknown.count)
            let values = try await platform.database.value(Int.self, "select count(*) from public.value")
            #expect(values == 5 * known)
            // Each run is served by one answer: together the answers serve as many runs as there are.
            let served = try await platform.database.value(
                Int.self, "select sum(cardinality(run_ids)) from public.run_request where state = 'done'")
            #expect(served == Self.names.count)
            let answers = try await platform.database.value(Int.self, "select count(*) from public.run_result")
            #expect(answers < Self.names.count / 20)
            #expect(platform.webhooks.received.count == 1)
        }
    }
}

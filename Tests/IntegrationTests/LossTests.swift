import JSON
import TestServers
import Testing

extension IntegrationTests {
    /// Processes die in the middle of a request of 2,000 objects, and nothing is lost or done twice.
    @Suite("Nothing is lost")
    struct LossTests {
        static let names = (0..<2_000).map { "object \($0)" }
        /// Calls that the API answers before it holds the others back, so that the request is in its middle for as long as needed.
        static let callsBefore = 1_000

        @Test(arguments: ServiceName.allCases)
        func aServiceIsKilledInTheMiddle(_ service: ServiceName) async throws {
            try await withPlatform { platform in
                let id = try await submit(platform, holding: service)
                try await reachTheMiddle(of: service, id, platform)
                try await platform.kill9(service)
                let before = try await Recorded(platform)
                platform.api.gate.open()
                platform.webhooks.gate.open()
                if service == .bus {
                    // The others go on without it.
                    try await eventually("calls without the bus") {
                        platform.api.calls.count > Self.callsBefore + 200
                    }
                }
                try await platform.start(service)
                try await check(id, platform, recordedBefore: before)
            }
        }

        @Test func postgresIsRestartedInTheMiddle() async throws {
            try await withPlatform { platform in
                let id = try await submit(platform, holding: .executor)
                try await reachTheMiddle(of: .executor, id, platform)
                try await platform.database.cluster.stop(.immediate)
                // Answers come while there is nowhere to put them.
                platform.api.gate.open()
                try await platform.database.cluster.start()
                let before = try await eventually("the database") { try await Recorded(platform) }
                try await check(id, platform, recordedBefore: before)
            }
        }

        // MARK: The middle

        private func submit(_ platform: Platform, holding service: ServiceName) async throws -> String {
            switch service {
            case .delivery: platform.webhooks.gate.close(after: 0)
            default: platform.api.gate.close(after: Self.callsBefore)
            }
            return try await platform.client.submit(Self.names)
        }

        private func reachTheMiddle(of service: ServiceName, _ id: String, _ platform: Platform) async throws {
            switch service {
            case .intake:
                // It is expanding the request, or has not begun to: 202 was all that was promised.
                break
            case .delivery:
                try await eventually("a webhook that is not answered yet") { platform.webhooks.gate.heldBack > 0 }
            case .processor:
                try await eventually("runs that are done") {
                    let request = try await platform.client.request(id)
                    return (request["runs"]?["done"]?.intValue ?? 0) > 0
                }
            case .bus, .executor, .scheduler:
                try await eventually("calls that are not answered yet") { platform.api.gate.heldBack > 0 }
                try await eventually("answers that are recorded") { try await !Recorded(platform).calls.isEmpty }
            }
        }

        /// Objects whose answer is on disk, and how often the API had been called for each when that was read.
        private struct Recorded: Sendable {
            let calls: [String: Int]

            init(_ platform: Platform) async throws {
                let names = try await platform.database.column(
                    String.self,
                    """
                    select o.name
                    from public.run_result as x
                    join public.run_request as q on q.id = x.run_request_id
                    cross join unnest(q.run_ids) as u(id)
                    join public.run_queue as r on r.id = u.id
                    join public.request_object as o
                      on o.activity_request_id = r.activity_request_id and o.position = r.position
                    """)
                let calls = platform.api.calls
                self.calls = Dictionary(names.map { ($0, calls[$0] ?? 0) }, uniquingKeysWith: max)
            }
        }

        // MARK: Afterwards

        private func check(_ id: String, _ platform: Platform, recordedBefore: Recorded) async throws {
            let request = try await platform.client.wait(for: id, toBe: "delivered")
            let count = Self.names.count
            #expect(request["runs"]?["total"]?.intValue == count && request["runs"]?["done"]?.intValue == count)
            try await eventually("no row that waits for anybody") {
                try await platform.database.unfinishedRows().isEmpty
            }
            try await checkRows(platform)
            try await checkCalls(platform, recordedBefore: recordedBefore)

            let hooks = platform.webhooks.received
            #expect(Set(hooks.map(\.id)).count == 1 && hooks.allSatisfy { $0.fault == nil })
            let lines = try await platform.client.get("/v1/activity-requests/\(id)/result?format=ndjson").lines
            #expect(lines.map { $0["object"]?.stringValue } == Self.names)
            #expect(lines.allSatisfy { $0["values"]?.objectValue?.count == 5 && $0["error"] == nil })
        }

        private func checkRows(_ platform: Platform) async throws {
            let expected = [
                ("public.activity_request where state = 'delivered'", 1), ("public.object", Self.names.count),
                ("public.run_queue where state = 'done'", Self.names.count), ("public.run_result", Self.names.count),
                ("public.run_request where state = 'done'", Self.names.count), ("public.delivery", 1),
                ("public.value", 5 * Self.names.count),
                ("(select distinct object_id, datapoint_id from public.value) as v", 5 * Self.names.count),
            ]
            for (rows, number) in expected {
                let found = try await platform.database.value(Int.self, "select count(*) from \(rows)")
                #expect(found == number, "\(rows)")
            }
        }

        /// An answer that was recorded is never asked for again. One that a killed executor had not recorded yet is lost with it, and
        /// asked for again: once for each time that the run's executor is known to have gone away.
        private func checkCalls(_ platform: Platform, recordedBefore: Recorded) async throws {
            let calls = platform.api.calls
            for (name, before) in recordedBefore.calls where calls[name] != before {
                Issue.record("\(name) was recorded after \(before) calls and called \(calls[name] ?? 0) times in all")
            }
            let lost = try await platform.database.column(
                String.self,
                """
                select o.name
                from public.run_queue as r
                join public.request_object as o
                  on o.activity_request_id = r.activity_request_id and o.position = r.position
                join public.state_history as h on h.entity_id = r.id and h.from_state = 'in_progress' and h.to_state = 'ready'
                """)
            let losses = Dictionary(lost.map { ($0, 1) }, uniquingKeysWith: +)
            for name in Self.names {
                let made = calls[name] ?? 0
                #expect((1...1 + losses[name, default: 0]).contains(made), "\(name) was called \(made) times")
            }
        }
    }
}

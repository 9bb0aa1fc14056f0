import Contracts
import JSON
import Postgres
import Store
import Testing

extension IntegrationTests {
    /// Exchanges that are formed by SQL (`etl_api.allocate_source_runs`) and called by executors.
    @Suite("Exchanges formed by SQL")
    struct PreparedTests {
        private static func executors(_ count: Int) -> Platform.Options {
            var options = Platform.Options()
            options.counts = [.executor: count]
            return options
        }

        @Test func fourExecutorsCallEachOnceAndWithinTheLimit() async throws {
            try await withPlatform(Self.executors(4)) { platform in
                let (request, exchanges) = try await prepare(40, platform, executors: 4)
                #expect(exchanges.count == 40)
                try await setUp(#"{"concurrency": 4}"#, platform)
                platform.api.slow(by: .milliseconds(30))
                // Held until there are as many as may be, which else depends on who is quick.
                platform.api.gate.close(after: 0)
                for number in 0..<4 { try await platform.start(.executor, number) }
                try await eventually("calls up to the limit") { platform.api.meter.mostInFlight == 4 }
                platform.api.gate.open()
                _ = try await platform.client.wait(for: request, toBe: "done")
                #expect(platform.api.calls.count == 40 && platform.api.calls.values.allSatisfy { $0 == 1 })
                #expect(platform.api.meter.mostInFlight == 4)
                #expect(try await self.exchanges("state = 'done'", platform).sorted() == exchanges.sorted())
                #expect(try await platform.database.value(Int.self, "select count(*) from public.run_request") == 40)
                #expect(try await platform.database.unfinishedRows() == [])
            }
        }

        @Test func whatAKilledExecutorHadTakenUpGoesToAnother() async throws {
            try await withPlatform(.init(lease: "5s")) { platform in
                let (request, exchanges) = try await prepare(8, platform)
                platform.api.gate.close(after: 0)
                try await platform.start(.executor)
                try await eventually("the calls") { platform.api.gate.heldBack == 8 }
                try await platform.kill9(.executor)
                platform.api.gate.open()
                try await platform.start(.executor)
                _ = try await platform.client.wait(for: request, toBe: "done")
                #expect(try await self.exchanges("state_substate = 'lease_expired'", platform).sorted() == exchanges)
                #expect(platform.api.calls.values.allSatisfy { $0 == 2 })
            }
        }

        @Test func whatIsCancelledBeforeItIsTakenUpIsNotCalled() async throws {
            try await withPlatform { platform in
                let (request, exchanges) = try await prepare(3, platform)
                _ = try await platform.client.post([:], to: "/v1/activity-requests/\(request)/cancel")
                _ = try await platform.client.wait(for: request, toBe: "failed")
                #expect(try await self.exchanges("state_substate = 'cancelled'", platform).sorted() == exchanges)
                try await platform.start(.executor)
                let next = try await platform.client.submit(["after"], activity: "quiet")
                _ = try await platform.client.wait(for: next, toBe: "done")
                #expect(platform.api.calls == ["after": 1])
            }
        }

        @Test func whatNobodyTakesUpIsReadyAgainAndTimesOutLikeAnyOther() async throws {
            try await withPlatform { platform in
                let (request, exchanges) = try await prepare(3, platform)
                // Only now, so that they do not time out before they are formed.
                try await setUp(#"{"run_timeout_seconds": 1}"#, platform)
                let ended = try await platform.client.wait(for: request, toBe: "timedout")
                #expect(ended["runs"]?["timedout"] == 3)
                #expect(try await self.exchanges("state_substate = 'not_claimed'", platform).sorted() == exchanges)
                #expect(platform.api.calls.isEmpty)
            }
        }

        /// Whoever ended its runs passed it over, because an executor held it at that moment.
        @Test func anExchangeWhoseRunsHaveEndedEndsWhenItIsTakenUp() async throws {
            try await withDatabase { database in
                let request = try await StoredRequest(database)
                try await request.expand()
                let runs = RunStore(pool: database.pool)
                #expect(try await database.value(Int32.self, Self.allocate) == 2)
                #expect(try await runs.preparedSources() == [request.source])
                let prepared = try await runs.prepared(of: request.source, limit: 10, except: [])
                #expect(prepared.count == 2)
                #expect(
                    try await runs.prepared(of: request.source, limit: 10, except: [prepared[0]]) == [prepared[1]])
                _ = try await database.column(
                    RunID.self,
                    """
                    update public.run_queue set state = 'failed', state_substate = 'cancelled'
                    where run_request_id = $1 returning id
                    """, prepared[0])
                let taken = try await runs.takePrepared(prepared, of: request.source, worker: request.worker)
                #expect(taken.map(\.id) == [prepared[1]])
                #expect(taken.first?.runs.map(\.attempt) == [1] && taken.first?.runs.first?.objectName != nil)
                let states = try await database.column(
                    String.self, "select concat_ws(' ', state, state_substate) from public.run_request order by id")
                #expect(states == ["failed cancelled", "in_progress"])
                #expect(
                    try await runs.takePrepared(prepared, of: request.source, worker: request.worker).isEmpty)
            }
        }

        private static let allocate =
            "select etl_api.allocate_source_runs(id, p_slots => 100) from public.source where key = 'registry'"

        /// Has exchanges formed for a request of so many objects while there is no executor.
        private func prepare(
            _ count: Int, _ platform: Platform, executors: Int = 1
        ) async throws -> (request: String, exchanges: [String]) {
            for number in 0..<executors { try await platform.kill9(.executor, number) }
            let request = try await platform.client.submit((0..<count).map { "o \($0)" }, activity: "quiet")
            try await eventually("all runs") {
                try await platform.database.value(
                    Int.self, "select count(*) from public.run_queue where state = 'ready'") == count
            }
            #expect(try await platform.database.value(Int32.self, Self.allocate) == count)
            return (request, try await exchanges("state = 'ready'", platform))
        }

        private func setUp(_ setup: String, _ platform: Platform) async throws {
            _ = try await platform.database.column(
                Int64.self,
                """
                update public.source set setup = setup || $1::text::jsonb, version = version + 1 where key = 'registry'
                returning version
                """, setup)
        }

        private func exchanges(_ condition: String, _ platform: Platform) async throws -> [String] {
            try await platform.database.column(
                String.self, "select id::text from public.run_request where \(condition) order by id")
        }
    }
}

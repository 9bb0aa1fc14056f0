import JSON
import Testing

extension IntegrationTests {
    /// Limits that hold over four executors, counted by the API.
    @Suite("Limits of calls")
    struct LimitTests {
        private static let four = Platform.Options(counts: [.executor: 4])

        @Test func callsInFlightReachTheLimitAndNeverExceedIt() async throws {
            try await withPlatform(Self.four) { platform in
                try await limit(platform, #"{"concurrency": 10}"#)
                platform.api.slow(by: .milliseconds(30))
                // Held until there are as many as may be, which else depends on who is quick.
                platform.api.gate.close(after: 0)
                let requests = try await submit(6, of: 60, to: platform.client)
                try await eventually("calls up to the limit") { platform.api.meter.mostInFlight == 10 }
                platform.api.gate.open()
                for id in requests { _ = try await platform.client.wait(for: id, toBe: "done") }
                #expect(platform.api.meter.total == 360)
                #expect(platform.api.meter.mostInFlight == 10)
            }
        }

        @Test func aLimitBelowTheNumberOfExecutorsHolds() async throws {
            try await withPlatform(Self.four) { platform in
                try await limit(platform, #"{"concurrency": 1}"#)
                platform.api.slow(by: .milliseconds(10))
                let requests = try await submit(4, of: 15, to: platform.client)
                for id in requests { _ = try await platform.client.wait(for: id, toBe: "done") }
                #expect(platform.api.meter.total == 60)
                #expect(platform.api.meter.mostInFlight == 1)
            }
        }

        @Test func callsPerSecondReachTheLimitAndNeverExceedIt() async throws {
            try await withPlatform(Self.four) { platform in
                try await limit(platform, #"{"concurrency": 64, "rate": {"calls": 20, "per_seconds": 5}}"#)
                let requests = try await submit(3, of: 20, to: platform.client)
                for id in requests { _ = try await platform.client.wait(for: id, toBe: "done") }
                #expect(platform.api.meter.total == 60)
                // The rate holds for the beginnings of calls: on a busy machine one may be a second on its way, and the next is not.
                #expect(platform.api.meter.most(within: .seconds(4)) == 20)
            }
        }

        @Test func aKilledExecutorsCallsAreFreeForTheOthers() async throws {
            try await withPlatform(.init(counts: [.executor: 4], lease: "5s")) { platform in
                try await limit(platform, #"{"concurrency": 4}"#)
                platform.api.slow(by: .milliseconds(30))
                let requests = try await submit(1, of: 4_000, to: platform.client)
                try await eventually("some calls") { platform.api.meter.total > 20 }
                try await platform.kill9(.executor, 0)
                try await platform.kill9(.executor, 1)
                try await eventually("all calls with the two that live") {
                    try await platform.database.value(
                        Bool.self,
                        """
                        select count(*) = 2 and sum(p.slots) = 4 from public.call_permit as p
                        join public.worker as w on w.id = p.worker_id and w.ended_at is null where p.slots > 0
                        """)
                }
                platform.api.slow(by: .zero)
                for id in requests { _ = try await platform.client.wait(for: id, toBe: "done") }
                #expect(platform.api.meter.mostInFlight <= 4)
            }
        }

        @Test func organizationsTakeTurnsAtALimitThatTheyShare() async throws {
            var options = Self.four
            options.organizations = ["acme", "globex"]
            try await withPlatform(options) { platform in
                try await limit(platform, #"{"concurrency": 64}"#)
                _ = try await platform.database.column(
                    Int64.self,
                    """
                    with shared as (insert into public.rate_group (key, concurrency) values ('shared', 4) returning id)
                    update public.source set rate_group_id = (select id from shared) where key = 'registry' returning version
                    """)
                platform.api.slow(by: .milliseconds(20))
                platform.api.gate.close(after: 20)
                let client = { (key: String) in try #require(platform.clients[key]) }
                let many = try await submit(1, of: 2_000, to: client("acme"))
                try await eventually("calls up to the limit") {
                    platform.api.meter.total > 20 && platform.api.meter.mostInFlight == 4
                }
                let few = try await submit(1, of: 10, to: client("globex"), as: "few")
                try await eventually("their runs") {
                    try await client("globex").request(few[0])["objects"]?["expanded"] == 10
                }
                platform.api.gate.open()
                try await eventually("their calls") {
                    platform.api.calls.count { $0.key.hasPrefix("few ") } == 10
                }
                let calls = platform.api.meter.total
                #expect(calls < 1_500, "the ten waited for \(calls) calls of somebody else")
                for id in few { _ = try await client("globex").wait(for: id, toBe: "done") }
                #expect(platform.api.meter.mostInFlight == 4)
                platform.api.slow(by: .zero)
                for id in many { _ = try await client("acme").wait(for: id, toBe: "done") }
            }
        }

        @Test func workBehindASaturatedSourceIsNotLookedAtAgainAndAgain() async throws {
            try await withPlatform(Self.four) { platform in
                try await limit(platform, #"{"concurrency": 4}"#)
                let idle = try await transactionsPerSecond(platform)
                platform.api.gate.close(after: 0)
                let requests = try await submit(1, of: 10_000, to: platform.client)
                try await eventually("calls up to the limit") { platform.api.meter.mostInFlight == 4 }
                try await eventually("all runs") {
                    try await platform.client.request(requests[0])["objects"]?["expanded"] == 10_000
                }
                let saturated = try await transactionsPerSecond(platform)
                #expect(saturated - idle < 100, "\(saturated) transactions per second, \(idle) without work")
                // Some of them are done, so that the request is when the rest is given up.
                platform.api.gate.open()
                try await eventually("a run that is done") {
                    (try await platform.client.request(requests[0])["runs"]?["done"]?.intValue ?? 0) > 0
                }
                _ = try await platform.client.post([:], to: "/v1/activity-requests/\(requests[0])/cancel")
                _ = try await platform.client.wait(for: requests[0], toBe: "done")
            }
        }

        /// Gives the registry of every organization these settings, beside those it has.
        private func limit(_ platform: Platform, _ setup: String) async throws {
            _ = try await platform.database.column(
                Int64.self,
                """
                update public.source set setup = setup || $1::text::jsonb, version = version + 1 where key = 'registry'
                returning version
                """, setup)
        }

        private func submit(
            _ count: Int, of objects: Int, to client: IntakeClient, as prefix: String = "o"
        ) async throws -> [String] {
            var requests: [String] = []
            for number in 0..<count {
                requests.append(
                    try await client.submit((0..<objects).map { "\(prefix) \(number) \($0)" }, activity: "quiet"))
            }
            return requests
        }

        private func transactionsPerSecond(_ platform: Platform) async throws -> Int64 {
            let count = {
                try await platform.database.value(
                    Int64.self, "select xact_commit from pg_stat_database where datname = current_database()")
            }
            let before = try await count()
            try await Task.sleep(for: .seconds(4))  // A rate needs some time to be one.
            return (try await count() - before) / 4
        }
    }
}

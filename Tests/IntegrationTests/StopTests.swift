import Contracts
import JSON
import Store
import Testing

extension IntegrationTests {
    /// Requests that end before all of their runs are done: cancelled, or out of time.
    @Suite("Cancelling and time limits")
    struct StopTests {
        @Test func cancellingEndsOpenRunsAndDeliversWhatIsDone() async throws {
            try await withPlatform { platform in
                platform.api.gate.close(after: 20)
                let names = (0..<500).map { "object \($0)" }
                let id = try await platform.client.submit(names)
                try await eventually("20 runs that are done") {
                    try await platform.client.request(id)["runs"]?["done"] == 20
                }
                try await eventually("calls that wait") { platform.api.gate.heldBack >= 60 }
                let answer = try await platform.client.post(["reason": "the wrong list"], to: Self.path(id, "cancel"))
                #expect(answer.status == 202 && answer.json["state"] == "in_progress")

                // While the API still holds the calls: they are aborted, not waited for.
                let request = try await platform.client.wait(for: id, toBe: "delivered")
                let cause = "cancelled by key test: the wrong list"
                let reason = "\(cause); 480 of its 500 runs did not succeed"
                #expect(
                    request["substate"] == "partial" && request["runs"]?["done"] == 20
                        && request["runs"]?["failed"] == 480)
                #expect(request["failures"]?[0]?["substate"] == "cancelled" && request["failures"]?[0]?["count"] == 480)
                let data = try #require(platform.webhooks.received.first?.body["data"])
                #expect(data["state"] == "done" && data["substate"] == "partial")
                #expect(data["objects"]?.arrayValue?.count == 500)
                let timeline = try await platform.client.timeline(of: id)
                let cancelled = timeline.filter { $0["reason"] == .string(cause) }
                #expect(cancelled.contains { $0["subject"] == "runs" && $0["to"] == "failed" })
                #expect(timeline.contains { $0["subject"] == "request" && $0["reason"] == .string(reason) })
                platform.api.gate.open()
                try await eventually("no row that waits for anybody") {
                    try await platform.database.unfinishedRows().isEmpty
                }
                // What was done, what was under way, and at the most what had been claimed ahead of that, by a claim that was not
                // finished yet when the runs were closed.
                #expect(platform.api.calls.count <= 20 + 64 + 64 && platform.api.calls.values.allSatisfy { $0 == 1 })

                let again = try await platform.client.post([:], to: Self.path(id, "cancel"))
                #expect(again.status == 409 && again.code == "request_is_over")
            }
        }

        @Test func whatHasNotBegunIsNotCalledAnyMore() async throws {
            var options = Platform.Options()
            options.organizations = ["acme", "globex"]
            try await withPlatform(options) { platform in
                let client = try #require(platform.clients["acme"])
                let stranger = try #require(platform.clients["globex"])
                try await platform.kill9(.executor)
                let id = try await client.submit(["Abel", "Bebel"])
                let refused = try await stranger.post([:], to: Self.path(id, "cancel"))
                #expect(refused.status == 404)
                let answer = try await client.post([:], to: Self.path(id, "cancel"))
                #expect(answer.status == 202)
                let request = try await client.wait(for: id, toBe: "failed")
                #expect(request["substate"] == "cancelled" && request["reason"] == "cancelled by key test")
                try await eventually("the webhook about it") { platform.webhooks.received.count == 1 }
                #expect(platform.webhooks.received.first?.body["data"]?["substate"] == "cancelled")
                try await platform.start(.executor)
                _ = try await client.wait(for: try await client.submit(["Cebel"]), toBe: "delivered")
                #expect(platform.api.calls == ["Cebel": 1])
            }
        }

        @Test func aLargeRequestIsCancelledInTheMiddleOfItsExpansion() async throws {
            try await withPlatform { platform in
                platform.api.gate.close(after: 0)
                let id = try await platform.client.submit((0..<60_000).map { "object \($0)" })
                try await eventually("the first runs") {
                    try await (platform.client.request(id)["runs"]?["total"]?.intValue ?? 0) > 0
                }
                let answer = try await platform.client.post([:], to: Self.path(id, "cancel"))
                #expect(answer.status == 202)
                let request = try await platform.client.wait(for: id, toBe: "failed")
                #expect(request["substate"] == "cancelled" && request["runs"]?["open"] == 0)
                let runs = try #require(request["runs"]?["total"]?.intValue)
                #expect(
                    request["objects"]?["expanded"]?.intValue == runs && request["runs"]?["failed"]?.intValue == runs)
                try await eventually("no row that waits for anybody but the receiver") {
                    try await platform.database.unfinishedRows().allSatisfy { $0.hasPrefix("delivery") }
                }
                platform.api.gate.open()
            }
        }

        /// Its first chunk is done, and nobody makes the others: it is not done as a whole.
        @Test func whatIsStoppedInTheMiddleOfItsExpansionIsPartialAndGoesOnWhenRetried() async throws {
            try await withDatabase { database in
                let stored = try await StoredRequest(database)
                _ = try await stored.beginExpansion()
                try await stored.finishRuns()
                let requests = RequestStore(pool: database.pool)
                let cancelled = try await requests.cancel(
                    stored.id, org: stored.source.org, actor: "me", reason: "enough")
                #expect(cancelled == .stopping)
                let collectable = try #require(try await stored.claimResult())
                #expect(
                    collectable.counts.done == 1 && collectable.runsWanted == 2 && collectable.stop?.reason == "enough")
                let closed = try await ResultStore(pool: database.pool).finish(
                    collectable, state: "done", substate: "partial", reason: "enough", payload: { [] })
                #expect(closed)
                let page = try await RunStore(pool: database.pool).retry(
                    RetryFilter(scope: .request(stored.id, from: 0), states: ["failed"], source: nil),
                    org: stored.source.org, actor: "me", reason: "on with it")
                #expect(page.requests == 1 && page.retried == 0)
                let waiting = try await requests.waitingForExpansion(limit: 10).map(\.id)
                #expect(waiting == [stored.id])
            }
        }

        @Test func aRequestOfPlainSQLEndsAlthoughNobodyHasCountedForIt() async throws {
            var options = Platform.Options()
            options.variables[.intake] = ["WEIR_INTAKE_POLL": "60s"]
            try await withPlatform(options) { platform in
                try await platform.kill9(.intake)
                let ids = try await platform.database.column(
                    String.self,
                    """
                    insert into public.activity_request (org_id, activity_id, state, content, deadline_at)
                    select a.org_id, a.id, s.state::public.activity_request_state, '{"objects": ["Abel"]}', clock_timestamp()
                    from public.activity as a, unnest(array['new', 'valid', 'ready']) as s(state)
                    where a.key = 'enrich' returning id::text
                    """)
                try await eventually("the end of all three") {
                    try await platform.database.value(
                        Int64.self,
                        "select count(*) from public.activity_request where id::text = any ($1) and state = 'timedout'",
                        ids) == 3
                }
                try await platform.start(.intake)
                try await eventually("intake") { try await platform.client.request(ids[0])["state"] == "timedout" }
                for id in ids {
                    let answer = try await platform.client.post([:], to: Self.path(id, "retry"))
                    #expect(answer.json["requests"] == 1, "\(answer.json)")
                    _ = try await platform.client.wait(for: id, toBe: "delivered")
                }
                #expect(platform.api.calls == ["Abel": 3])
            }
        }

        @Test func whatIsOverButForItsResultIsNotCancelled() async throws {
            try await withDatabase { database in
                let stored = try await StoredRequest(database)
                try await stored.expand()
                try await stored.finishRuns()
                let late = try await RequestStore(pool: database.pool).cancel(
                    stored.id, org: stored.source.org, actor: "me", reason: "enough")
                #expect(late == .tooLate(state: "in_progress"))
                // Nor does it stand before others whose time is over.
                _ = try await database.column(
                    Bool.self,
                    "update public.activity_request set deadline_at = clock_timestamp() - interval '1 hour' returning true"
                )
                #expect(try await RequestStore(pool: database.pool).stopOverdue(limit: 1) == 0)
                try await stored.collect()
            }
        }

        @Test func aRequestOutOfTimeIsTimedOut() async throws {
            try await withPlatform { platform in
                platform.api.gate.close(after: 3)
                let some = try await platform.client.submit((0..<10).map { "some \($0)" }, activity: "enrich")
                try await eventually("three runs that are done") {
                    try await platform.client.request(some)["runs"]?["done"] == 3
                }
                _ = try await platform.database.value(
                    Bool.self,
                    "update public.activity_request set deadline_at = clock_timestamp() where id::text = $1 returning true",
                    some)
                let partial = try await platform.client.wait(for: some, toBe: "delivered")
                #expect(partial["runs"]?["done"] == 3 && partial["runs"]?["timedout"] == 7)
                let none = try await platform.client.submit(["none 1", "none 2"], activity: "brief")
                let request = try await platform.client.wait(for: none, toBe: "timedout")
                #expect(request["substate"] == "deadline" && request["runs"]?["timedout"] == 2)
                #expect(request["reason"]?.stringValue?.hasPrefix("its deadline, ") == true)
                try await eventually("both webhooks") { platform.webhooks.received.count == 2 }
                #expect(platform.webhooks.received.map { $0.body["data"]?["state"] } == ["done", "timedout"])
                let result = try await platform.client.get(Self.path(none, "result"))
                #expect(result.status == 200 && result.json["objects"]?[0]?["error"]?["state"] == "timedout")
                platform.api.gate.open()
            }
        }

        @Test func aRunThatWaitsLongerThanItsSourceAllowsIsTimedOut() async throws {
            try await withPlatform { platform in
                platform.api.gate.close(after: 1)
                let id = try await platform.client.submit(["first", "second", "third", "fourth"], activity: "queue")
                try await eventually("runs that are out of time") {
                    try await (platform.client.request(id)["runs"]?["timedout"]?.intValue ?? 0) >= 1
                }
                platform.api.gate.open()
                let request = try await platform.client.wait(for: id, toBe: "delivered")
                let runs = try #require(request["runs"])
                #expect((runs["done"]?.intValue ?? 0) + (runs["timedout"]?.intValue ?? 0) == 4)
                #expect((runs["done"]?.intValue ?? 0) >= 1 && (runs["timedout"]?.intValue ?? 0) >= 1)
                #expect(
                    request["failures"]?[0]?["reason"] == "it took longer than its source allows (run_timeout)")
            }
        }

        private static func path(_ id: String, _ action: String) -> String {
            "\(IntakeClient.requests)/\(id)/\(action)"
        }
    }
}

import Contracts
import Foundation
import JSON
import Store
import Synchronization
import Testing

extension IntegrationTests {
    /// Runs that are taken up again after they ended without success.
    @Suite("Retrying")
    struct RetryTests {
        @Test func aRequestIsTakenUpAgainAndDeliveredAnew() async throws {
            try await withPlatform { platform in
                platform.api.script("Bebel", [.status(404), .json(StubAPI.answer("Bebel"))])
                let id = try await platform.client.submit(["Abel", "Bebel", "Cebel"])
                let first = try await platform.client.wait(for: id, toBe: "delivered")
                #expect(first["runs"]?["done"] == 2 && first["runs"]?["failed"] == 1)

                let answer = try await platform.client.post(
                    ["reason": "they know it now"], to: "\(IntakeClient.requests)/\(id)/retry")
                #expect(answer.status == 202)
                #expect(answer.json == ["retried": 1, "requests": 1, "cursor": .null])
                let second = try await eventually("the second delivery") {
                    platform.webhooks.received.count == 2
                        ? try await platform.client.wait(for: id, toBe: "delivered") : nil
                }
                #expect(second["runs"]?["done"] == 3 && second["runs"]?["failed"] == 0 && second["failures"] == [])
                #expect(second["deliveries"]?.arrayValue?.count == 1)
                #expect(platform.api.calls == ["Abel": 1, "Bebel": 2, "Cebel": 1])
                let hooks = platform.webhooks.received
                #expect(Set(hooks.map(\.id)).count == 2 && hooks.allSatisfy { $0.fault == nil })
                let objects = try #require(hooks[1].body["data"]?["objects"]?.arrayValue)
                #expect(objects.map { $0["object"] } == ["Abel", "Bebel", "Cebel"])
                #expect(objects[1]["values"]?["employees"] == 42 && objects[1]["error"] == nil)
                let timeline = try await platform.client.timeline(of: id)
                let states = timeline.filter { $0["subject"] == "request" }.compactMap { $0["to"]?.stringValue }
                #expect(
                    states == [
                        "valid", "ready", "in_progress", "done", "delivered", "in_progress", "done", "delivered",
                    ])
                let retried = timeline.filter { $0["reason"] == "they know it now" }
                #expect(retried.count == 2 && retried.allSatisfy { $0["actor"] == "key test" })

                let nothing = try await platform.client.post([:], to: "\(IntakeClient.requests)/\(id)/retry")
                #expect(nothing.json == ["retried": 0, "requests": 0, "cursor": .null])
            }
        }

        @Test func whatWasCancelledGoesOn() async throws {
            try await withPlatform { platform in
                platform.api.gate.close(after: 5)
                let names = (0..<40).map { "object \($0)" }
                let id = try await platform.client.submit(names)
                try await eventually("5 runs that are done") {
                    try await platform.client.request(id)["runs"]?["done"] == 5
                }
                _ = try await platform.client.post([:], to: "\(IntakeClient.requests)/\(id)/cancel")
                _ = try await platform.client.wait(for: id, toBe: "delivered")
                platform.api.gate.open()
                let answer = try await platform.client.post([:], to: "\(IntakeClient.requests)/\(id)/retry")
                #expect(answer.json["retried"] == 35)
                try await eventually("the second delivery") { platform.webhooks.received.count == 2 }
                let request = try await platform.client.wait(for: id, toBe: "delivered")
                #expect(request["runs"]?["done"] == 40 && request["reason"] == .null)
                let objects = try #require(platform.webhooks.received.last?.body["data"]?["objects"]?.arrayValue)
                #expect(objects.map { $0["object"]?.stringValue } == names)
            }
        }

        @Test func theCommandTakesUpAllThatAFilterFinds() async throws {
            var options = Platform.Options()
            options.organizations = ["acme", "globex"]
            try await withPlatform(options) { platform in
                let client = try #require(platform.clients["acme"])
                let stranger = try #require(platform.clients["globex"])
                for name in ["lost 1", "lost 2", "lost 3"] {
                    platform.api.script(name, [.status(404), .json(StubAPI.answer(name))])
                }
                let ids = [
                    try await client.submit(["lost 1", "found"]), try await client.submit(["lost 2"]),
                    try await stranger.submit(["lost 3"]),
                ]
                _ = try await client.wait(for: ids[0], toBe: "delivered")
                _ = try await client.wait(for: ids[1], toBe: "failed")
                _ = try await stranger.wait(for: ids[2], toBe: "failed")

                try await WeirProgram.with(
                    variables: ["WEIR_URL": platform.publicURL, "WEIR_API_KEY": client.key ?? ""]
                ) { weir in
                    let wrong = try await weir.run("retry", "--since", "1h", "--source", "directory", "--json")
                    #expect(wrong.json == ["retried": 0, "requests": 0])
                    let trial = try await weir.run("retry", "--since", "1h", "--source", "registry", "--dry-run")
                    #expect(
                        trial.lines.map { $0.split(separator: " ").joined(separator: " ") } == [
                            "2 runs would be taken up again:", "RUNS STATE WHY SOURCE", "2 failed http_404 registry",
                        ], "\(trial)")
                    let one = try await weir.run("retry", ids[0], "--dry-run", "--json")
                    #expect(
                        one.json == [
                            "would_retry": 1, "makes_runs": false,
                            "runs": [["state": "failed", "substate": "http_404", "source": "registry", "count": 1]],
                        ], "\(one)")
                    // Nothing has happened.
                    #expect(try await client.request(ids[1])["state"] == "failed")
                    #expect(try await client.request(ids[0])["state"] == "delivered")
                    let none = try await weir.run("retry", "--since", "1h", "--state", "timedout", "--dry-run")
                    #expect(none.output == "Nothing to take up again.\n", "\(none)")
                    let found = try await weir.run(
                        "retry", "--since", "1h", "--state", "failed", "--source", "registry")
                    #expect(found.output == "2 runs taken up again, 2 requests that had ended go on.\n", "\(found)")
                    _ = try await client.wait(for: ids[1], toBe: "delivered")
                    let nothing = try await weir.run("retry", "--since", "1h")
                    #expect(nothing.output == "Nothing to take up again.\n", "\(nothing)")
                    let unknown = try await weir.run("retry", ids[2])
                    #expect(
                        unknown.status == 1 && unknown.errors.contains("There is no request \(ids[2])"), "\(unknown)")
                    let vague = try await weir.run("retry")
                    #expect(vague.status == 2 && vague.errors.contains("Say which runs"), "\(vague)")
                    let over = try await weir.run("cancel", ids[1])
                    #expect(over.status == 1 && over.errors.contains("nothing left to cancel"), "\(over)")
                }
                #expect(try await stranger.request(ids[2])["state"] == "failed")
            }
        }

        @Test func anInterruptedCommandSaysHowMuchItTookUpAndWhereToGoOn() async throws {
            let pages = Mutex(0)
            let intake = try StubServer { _ in
                let page = pages.withLock { pages in
                    pages += 1
                    return pages
                }
                return .json(#"{"retried":2,"requests":1,"cursor":"page-\#(page)"}"#)
            }
            defer { Task { await intake.stop() } }
            try await WeirProgram.with(variables: ["WEIR_URL": intake.url, "WEIR_API_KEY": "weir_a_key"]) { weir in
                let program = try weir.process(["retry", "--since", "1h"])
                try await program.start()
                try await eventually("some pages") { pages.withLock { $0 } > 2 }
                #expect(await program.terminate() == 1)
                let asked = pages.withLock { $0 }
                #expect(
                    program.errors.contains("Interrupted; \(asked * 2) runs were taken up again"), "\(program.errors)")
                #expect(program.errors.contains("--cursor page-\(asked)"), "\(program.errors)")
            }
        }

        @Test func whatIsWrongWithAnActionIsSaid() async throws {
            var options = Platform.Options()
            options.services = [.bus, .intake]
            try await withPlatform(options) { platform in
                let id = try await platform.client.submit(["Abel"])
                let request = "\(IntakeClient.requests)/\(id)"
                let cases: [(path: String, body: JSONValue, at: String, hint: String)] = [
                    (request + "/cancel", ["raeson": "x"], "$.raeson", "no such field; known are reason"),
                    (request + "/cancel", ["reason": ""], "$.reason", "1 to 500 characters"),
                    (request + "/cancel", ["reason": 7], "$.reason", "text is needed"),
                    (request + "/cancel", ["x"], "$", "an object is needed"),
                    (request + "/retry", ["states": ["done"]], "$.states[0]", "one of failed, timedout, invalid"),
                    (request + "/retry", ["states": []], "$.states", "a list of"),
                    (request + "/retry", ["cursor": "x"], "$.cursor", "not a cursor"),
                    (request + "/retry", ["cursor": "9223372036854775807"], "$.cursor", "not a cursor"),
                    (request + "/retry", ["source": "a\u{0}b"], "$.source", "without U+0000"),
                    ("/v1/runs/retry", ["since": "0001-01-01T00:00:00Z"], "$.since", "RFC 3339"),
                    ("/v1/runs/retry", [:], "$.since", "from when on"),
                    ("/v1/runs/retry", ["since": "yesterday"], "$.since", "RFC 3339"),
                    (
                        "/v1/runs/retry", ["since": "2026-11-26T08:00:00Z", "until": "2026-11-25T08:00:00Z"], "$.until",
                        "before since"
                    ),
                    (
                        "/v1/runs/retry", ["run": .string("01a21528-93ed-732f-a626-e94bb3d836fa"), "source": "x"],
                        "$.source", "beside run"
                    ),
                    (
                        "/v1/runs/retry", ["since": "2026-11-01T08:00:00Z", "cancelled": "x"], "$.cancelled",
                        "true or false"
                    ),
                    ("/v1/runs/retry", ["run": "x"], "$.run", "not the id of a run"),
                ]
                for (path, body, place, hint) in cases {
                    let answer = try await platform.client.post(body, to: path)
                    #expect(answer.status == 422 && answer.code == "invalid_request", "\(path) \(body): \(answer.json)")
                    #expect(answer.paths == [place], "\(path) \(body): \(answer.json)")
                    #expect(
                        answer.json["detail"]?.stringValue?.contains(hint) == true, "\(path) \(body): \(answer.json)")
                }
                let unknown = "01a21528-93ed-732f-a626-e94bb3d836fa"
                for path in ["\(IntakeClient.requests)/\(unknown)/cancel", "\(IntakeClient.requests)/\(unknown)/retry"]
                {
                    let answer = try await platform.client.post([:], to: path)
                    #expect(answer.status == 404, "\(path): \(answer.json)")
                }
                let none = try await platform.client.post(["run": .string(unknown)], to: "/v1/runs/retry")
                #expect(none.status == 404)
                let run = try await eventually("the request's run") {
                    try await platform.database.value(String?.self, "select min(id::text) from public.run_queue")
                }
                let open = try await platform.client.post(["run": .string(run)], to: "/v1/runs/retry")
                #expect(open.status == 409 && open.code == "nothing_to_retry", "\(open.json)")
                #expect(try await platform.client.request(id)["state"] != "failed")
            }
        }

        @Test func whoeverCollectsLearnsThatTheRequestGoesOn() async throws {
            try await withDatabase { database in
                let stored = try await StoredRequest(database)
                try await stored.expand()
                try await stored.finishRuns(succeeded: false)
                let results = ResultStore(pool: database.pool)
                func chunk(_ positions: Range<Int>) -> ResultChunk {
                    ResultChunk(positions: positions, body: [0x7B, 0x7D])
                }
                let collectable = try #require(try await stored.claimResult())
                try await results.store([chunk(0..<1)], of: collectable)
                let page = try await RunStore(pool: database.pool).retry(
                    RetryFilter(scope: .request(stored.id, from: 0), states: ["failed"], source: nil),
                    org: stored.source.org, actor: "me", reason: "again")
                #expect(page.retried == 2)
                await #expect(throws: CollectionLost.self) { try await results.store([chunk(1..<2)], of: collectable) }
                let finished = try await results.finish(
                    collectable, state: "failed", substate: nil, reason: nil, payload: { [] })
                #expect(!finished)
                try await stored.finishRuns()
                let next = try #require(try await stored.claimResult())
                await #expect(throws: CollectionLost.self) { try await results.store([chunk(1..<2)], of: collectable) }
                try await results.store([chunk(0..<2)], of: next)
                #expect(try await results.finish(next, state: "done", substate: nil, reason: nil, payload: { [] }))
            }
        }

        @Test func aWebhookThatIsSupersededWhileItIsPostedHasBeenTriedAllTheSame() async throws {
            try await withDatabase { database in
                let stored = try await StoredRequest(database)
                try await stored.expand()
                try await stored.finishRuns(succeeded: false)
                try await stored.collect(state: "failed")
                let claimed = try #require(try await stored.claimDeliveries().first)
                _ = try await RunStore(pool: database.pool).retry(
                    RetryFilter(scope: .request(stored.id, from: 0), states: ["failed"], source: nil),
                    org: stored.source.org, actor: "me", reason: "again")
                _ = try await DeliveryStore(pool: database.pool).record(
                    [
                        DeliveryAttempt(
                            delivery: claimed, outcome: .delivered, finding: .taken, status: 204, milliseconds: 1,
                            substate: nil, error: nil, answer: nil)
                    ], disableAfter: .seconds(86_400))
                let found = try await database.value(
                    String.self,
                    "select d.state || ' ' || t.attempt || ' ' || t.status from public.delivery as d join public.delivery_attempt as t on t.delivery_id = d.id"
                )
                #expect(found == "superseded 1 204")
                #expect(
                    try await database.value(String.self, "select state::text from public.activity_request")
                        == "in_progress")
            }
        }

        @Test func aRequestWhoseFirstWeekIsGoneIsNotTakenUpAgain() async throws {
            try await withDatabase(consistency: .waived(because: "a week of its runs is dropped behind its back")) {
                database in
                try await database.apply(
                    CatalogueText(api: "http://127.0.0.1:1", webhooks: "http://127.0.0.1:1").yaml)
                let request = try await database.storeFailedRuns(10)
                let runs = RunStore(pool: database.pool)
                #expect(try await runs.areKept(of: request.id))
                _ = try await database.column(
                    Int32.self, "select etl_api.ensure_partitions(clock_timestamp() + interval '30 days')")
                _ = try await database.column(
                    [String].self, "select etl_api.drop_partitions(clock_timestamp() + interval '10 days')")
                #expect(try await !runs.areKept(of: request.id))
            }
        }

        @Test func aFilterLeavesOutWhatSomebodyCancelledAndSingleRunsDoNotResumeAnExpansion() async throws {
            try await withDatabase { database in
                try await database.apply(
                    CatalogueText(api: "http://127.0.0.1:1", webhooks: "http://127.0.0.1:1").yaml)
                let request = try await database.storeFailedRuns(10)
                _ = try await database.column(
                    Bool.self,
                    "update public.run_queue set state_substate = 'cancelled' where position < 4 returning true")
                let runs = RunStore(pool: database.pool)
                func retry(_ scope: RetryFilter.Scope, cancelled: Bool) async throws -> Int {
                    try await runs.retry(
                        RetryFilter(scope: scope, states: ["failed"], source: "registry", includesCancelled: cancelled),
                        org: request.org, actor: "me", reason: "again"
                    ).retried
                }
                let lately = RetryFilter.Scope.runs(after: nil, since: .now - 60, until: .now + 60)
                #expect(try await retry(lately, cancelled: false) == 6)
                #expect(try await retry(lately, cancelled: false) == 0)
                _ = try await database.column(
                    Bool.self,
                    "update public.request_progress set expanded = false, objects_total = 20, runs_planned = 20 returning true"
                )
                #expect(try await retry(lately, cancelled: true) == 0)
                let run = try await database.value(
                    RunID.self, "select id from public.run_queue where state = 'failed' limit 1")
                await #expect { try await retry(.run(run), cancelled: true) } throws: { error in
                    if case NoRetry.unexpanded(request.id) = error { true } else { false }
                }
                #expect(try await retry(.request(request.id, from: 0), cancelled: true) == 4)
            }
        }

        @Test func manyAreTakenUpPageByPage() async throws {
            try await withDatabase { database in
                try await database.apply(
                    CatalogueText(api: "http://127.0.0.1:1", webhooks: "http://127.0.0.1:1").yaml)
                let request = try await database.storeFailedRuns(12_000)
                let runs = RunStore(pool: database.pool)
                var pages: [Int] = []
                var requests: [Int] = []
                var next: RetryFilter.Scope? = .request(request.id, from: 0)
                while let scope = next {
                    let page = try await runs.retry(
                        RetryFilter(scope: scope, states: ["failed"], source: nil), org: request.org, actor: "me",
                        reason: "again")
                    pages.append(page.retried)
                    requests.append(page.requests)
                    next = page.next
                }
                #expect(pages == [5_000, 5_000, 2_000] && requests == [1, 0, 0])
                #expect(
                    try await database.value(
                        String.self, "select state::text || ' ' || round from public.activity_request")
                        == "in_progress 2")
                #expect(
                    try await database.value(
                        Int64.self, "select count(*) from public.run_queue where state = 'ready' and attempt = 0")
                        == 12_000)
            }
        }
    }
}

extension TestDatabase {
    /// A finished request, none of whose runs succeeded.
    fileprivate func storeFailedRuns(_ count: Int) async throws -> (id: ActivityRequestID, org: OrgID) {
        let (org, source, activity) = (
            try await value(OrgID.self, "select id from public.org"),
            try await value(SourceID.self, "select id from public.source where key = 'registry'"),
            try await value(ActivityID.self, "select id from public.activity where key = 'quiet'")
        )
        let id = try await value(
            ActivityRequestID.self,
            """
            insert into public.activity_request (org_id, activity_id, state, content) values ($1, $2, 'in_progress', '{}')
            returning id
            """, org, activity)
        _ = try await column(
            Bool.self,
            """
            insert into public.request_progress (org_id, activity_request_id, objects_total, objects_expanded, expanded)
            values ($1, $2, $3, $3, true) returning true
            """, org, id, Int32(count))
        _ = try await column(
            Bool.self,
            """
            insert into public.request_object (org_id, activity_request_id, position, object_id, name)
            select $1, $2, k, utils.uuid_v7(), 'object ' || k from generate_series(0, $3 - 1) as k returning true
            """, org, id, Int32(count))
        _ = try await column(
            Bool.self,
            """
            insert into public.run_queue (org_id, activity_request_id, source_id, position, attempt, state)
            select $1, $2, $3, k, 4, 'failed' from generate_series(0, $4 - 1) as k returning true
            """, org, id, source, Int32(count))
        _ = try await column(
            Bool.self, "update public.activity_request set state = 'failed' where id = $1 returning true", id)
        return (id, org)
    }
}

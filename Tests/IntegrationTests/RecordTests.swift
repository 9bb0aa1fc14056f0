import Contracts
import Foundation
import Logging
import Postgres
import Sources
import Store
import Testing

extension IntegrationTests {
    /// What the executor records of its exchanges, on a real database and with the executor's rights.
    @Suite("Recording")
    struct RecordTests {
        private let worker = WorkerID(UUID())

        @Test func runsOfOneExchangeAreRecordedEachByItsOwnAttempt() async throws {
            try await withRuns(attempts: [3, 0, 0]) { database, runs, ready in
                let exchanges = try await runs.claim(
                    ready, worker: worker, limit: 10, runsPerExchange: 10, exchangeIDs: [try await newID(database)])
                let exchange = try #require(exchanges.first)
                #expect(exchange.runs.map(\.attempt).sorted() == [1, 1, 4])
                let failure = RecordedFailure(
                    exchange: exchange.id, substate: "http_503", reason: "the API answered HTTP 503",
                    verdicts: [
                        .init(attempt: 1, outcome: .retry(after: .seconds(60)), reason: "again in 60 s"),
                        .init(attempt: 4, outcome: .failed, reason: "attempt 4 of 4 was the last"),
                    ],
                    calls: [
                        CallLog(
                            method: "GET", url: "http://x/", status: 503, milliseconds: 1, responseBytes: 4,
                            error: "the API answered HTTP 503", answer: "busy")
                    ])
                _ = try await runs.record([failure], worker: worker)
                let states = try await database.column(
                    String.self,
                    """
                    select r.attempt || ' ' || r.state || ' ' || r.state_substate || ': ' || r.state_reason
                           || case when r.due_at is null then '' else ', due' end
                    from public.run_queue as r order by r.position
                    """)
                #expect(
                    states == [
                        "4 failed http_503: attempt 4 of 4 was the last",
                        "1 waiting http_503: again in 60 s, due", "1 waiting http_503: again in 60 s, due",
                    ])
                let log = try await database.value(
                    String.self, "select status || ' ' || error || ': ' || answer from public.run_log")
                #expect(log == "503 the API answered HTTP 503: busy")
            }
        }

        @Test func everyCallOfAnExchangeHasItsLine() async throws {
            try await withRuns(attempts: [0, 0, 0]) { database, runs, ready in
                var ids: [RunRequestID] = []
                for _ in 0..<3 { ids.append(try await newID(database)) }
                let exchanges = try await runs.claim(
                    ready, worker: worker, limit: 3, runsPerExchange: 1, exchangeIDs: ids)
                try #require(exchanges.count == 3)
                func call(_ url: String, _ status: Int?, error: String? = nil) -> CallLog {
                    CallLog(
                        method: "GET", url: url, status: status, milliseconds: 1, responseBytes: 2, error: error)
                }
                let calls = [
                    [call("a1", 200)], [call("b1", 401, error: "refused"), call("b2", 200), call("b3", 200)],
                ]
                let answers = zip(exchanges, calls).map { exchange, calls in
                    RecordedAnswer(
                        exchange: exchange.id, status: 200, contentType: nil, body: Array("[]".utf8),
                        pages: calls.count > 1 ? 2 : nil, noData: calls.count > 1 ? nil : "unknown", calls: calls)
                }
                try await runs.record(answers, worker: worker)
                let failure = RecordedFailure(
                    exchange: exchanges[2].id, substate: "pagination_loop", reason: "again and again",
                    verdicts: [.init(attempt: 1, outcome: .failed, reason: "again and again")],
                    calls: [call("c1", 200), call("c2", nil, error: "broken")])
                _ = try await runs.record([failure], worker: worker)
                // Whoever does not own the exchange writes nothing, however often.
                try await runs.record(answers, worker: worker)
                _ = try await runs.record([failure], worker: WorkerID(UUID()))
                let lines = try await database.column(
                    String.self,
                    """
                    select l.sequence || ' ' || l.url || ' ' || coalesce(l.status::text, '-') || coalesce(' ' || l.error, '')
                    from public.run_log as l order by l.url
                    """)
                #expect(lines == ["1 a1 200", "1 b1 401 refused", "2 b2 200", "3 b3 200", "1 c1 200", "2 c2 - broken"])
                let results = try await database.column(
                    String.self,
                    """
                    select coalesce(x.pages::text, '-') || ' ' || coalesce(x.no_data, '-') from public.run_result as x
                    order by 1
                    """)
                #expect(results == ["- unknown", "2 -"])
            }
        }

        @Test func whatIsPutOffUsesUpNoAttempt() async throws {
            try await withRuns(attempts: [3, 0]) { database, runs, ready in
                // Runs that are made in one millisecond have ids in any order: the one with the most attempts first.
                let exchanges = try await runs.claim(
                    ready, worker: worker, limit: 2, runsPerExchange: 1,
                    exchangeIDs: [try await newID(database), try await newID(database)]
                ).sorted { $0.runs[0].attempt > $1.runs[0].attempt }
                let pause = SourcePause(duration: .seconds(600), reason: "the quota is used up")
                let failures = zip(exchanges, [nil, pause]).map { exchange, pause in
                    RecordedFailure(
                        exchange: exchange.id, substate: "http_402", reason: "the quota is used up",
                        verdicts: [
                            .init(
                                attempt: exchange.runs[0].attempt, outcome: .postponed(by: .seconds(600)),
                                reason: "later")
                        ], pause: pause, calls: [])
                }
                _ = try await runs.record(failures, worker: worker)
                let states = try await database.column(
                    String.self,
                    """
                    select r.attempt || ' ' || r.state || ' ' || r.state_substate || ' '
                           || (r.due_at > clock_timestamp() + interval '5 minutes')
                    from public.run_queue as r order by r.position
                    """)
                #expect(states == ["3 waiting http_402 true", "0 waiting paused true"])
                func paused() async throws -> [String] {
                    try await database.column(
                        String.self,
                        """
                        select s.key || ' ' || s.paused_reason || ' ' || (s.paused_until > clock_timestamp() + interval '5 minutes')
                        from public.source as s where s.paused_until is not null
                        """)
                }
                #expect(try await paused() == ["registry the quota is used up true"])
                // Nobody pauses a source without owning an exchange of it.
                let late = RecordedFailure(
                    exchange: exchanges[0].id, substate: "http_402", reason: "x", verdicts: [],
                    pause: .init(duration: .seconds(6_000), reason: "late"), calls: [])
                _ = try await runs.record([late], worker: worker)
                #expect(try await paused() == ["registry the quota is used up true"])
            }
        }

        @Test func aSourceWhoseLastCallLackedASecretIsFound() async throws {
            try await withRuns(attempts: [0]) { database, runs, ready in
                let survey = FailureSurvey(pool: database.pool)
                let before = try await survey.missingSecrets()
                #expect(before.isEmpty)
                let exchanges = try await runs.claim(
                    ready, worker: worker, limit: 1, runsPerExchange: 1, exchangeIDs: [try await newID(database)])
                let failure = RecordedFailure(
                    exchange: try #require(exchanges.first).id, substate: "secret_missing", reason: "X is not set",
                    verdicts: [.init(attempt: 1, outcome: .failed, reason: "X is not set")],
                    calls: [])
                _ = try await runs.record([failure], worker: worker)
                let found = try await survey.missingSecrets()
                #expect(found.map(\.subject) == ["source acme/registry"] && found.map(\.reason) == ["X is not set"])
                let ended = try await survey.endedRuns()
                #expect(ended.map(\.source) == ["acme/registry"] && ended.map(\.count) == [1])
                #expect(ended.map(\.failure) == ["secret_missing"])
            }
        }

        @Test func anAnswerWithSuccessIsShownOnlyIfItCannotRepeatASecret() async throws {
            try await withRuns(attempts: [0]) { database, runs, ready in
                let exchanges = try await runs.claim(
                    ready, worker: worker, limit: 1, runsPerExchange: 1, exchangeIDs: [try await newID(database)])
                let exchange = try #require(exchanges.first)
                let answer = RecordedAnswer(
                    exchange: exchange.id, status: 200, contentType: nil, body: Array("<html>\0</html>".utf8),
                    calls: [CallLog(method: "GET", url: "http://x/", milliseconds: 1)])
                try await runs.record([answer], worker: worker)
                func answerOfNote() async throws -> String? {
                    let notes = try await RequestStore(pool: database.pool).outcomes(
                        .done, of: exchange.runs[0].request, org: ready.org)
                    #expect(notes.map(\.call?.url) == ["http://x/"])
                    return notes.first?.call?.answer
                }
                _ = try await database.value(
                    String.self,
                    "update public.run_queue set state = 'done', state_reason = 'no data' returning state::text")
                #expect(try await answerOfNote() == "<html>\u{FFFD}</html>")
                _ = try await database.value(
                    String.self,
                    """
                    update public.source set run_request_template = '{"url": "http://x/", "headers": {"a": "<<$secret.X>>"}}'
                    where key = 'registry' returning key
                    """)
                #expect(try await answerOfNote() == nil)
                _ = try await database.value(
                    String.self,
                    """
                    update public.source
                    set run_request_template = '{"url": "http://x/"}', setup = '{"auth": {"type": "bearer", "token": "<<$secret.X>>"}}'
                    where key = 'registry' returning key
                    """)
                #expect(try await answerOfNote() == nil)
                // The answer of a job comes with another template, and an API may remember what it was sent with any of them.
                for step in SourceStep.allCases {
                    try await database.run(
                        """
                        update public.source
                        set setup = '{}', run_request_template = '{"url": "http://x/"}', delivery_request_template = null
                        where key = 'registry'
                        """)
                    #expect(try await answerOfNote() != nil)
                    try await database.run(
                        """
                        update public.source set \(step.key) = '{"url": "http://x/", "headers": {"a": "<<$secret.X>>"}}'
                        where key = 'registry'
                        """)
                    #expect(try await answerOfNote() == nil, "\(step)")
                    if step != .run {
                        try await database.run("update public.source set \(step.key) = null where key = 'registry'")
                    }
                }
            }
        }

        /// Ids of exchanges say when they were made.
        private func newID(_ database: TestDatabase) async throws -> RunRequestID {
            RunRequestID(try await database.value(UUID.self, "select utils.uuid_v7()"))
        }

        /// Lends a database with ready runs of one source that have been claimed so often, and a store with the executor's rights.
        private func withRuns(
            attempts: [Int32], _ body: (TestDatabase, RunStore, ReadySource) async throws -> Void
        ) async throws {
            let database = try await TestDatabase.make()
            try await database.apply(CatalogueText(api: "http://127.0.0.1:1", webhooks: "http://127.0.0.1:1").yaml)
            let source = try await database.value(UUID.self, "select id from public.source where key = 'registry'")
            let org = try await database.value(UUID.self, "select id from public.org where key = 'acme'")
            let request = try await database.value(
                UUID.self,
                """
                insert into public.activity_request (org_id, activity_id, state, content)
                select org_id, id, 'in_progress', '{}' from public.activity where key = 'enrich' returning id
                """)
            _ = try await database.value(
                Int64.self,
                """
                with named as (
                    insert into public.request_object (org_id, activity_request_id, position, object_id, name)
                    select $1, $2, a.position - 1, utils.uuid_v7(), 'object ' || a.position
                    from unnest($4::int[]) with ordinality as a(attempt, position)
                ), counted as (
                    insert into public.request_progress
                        (org_id, activity_request_id, objects_total, objects_expanded, expanded)
                    values ($1, $2, cardinality($4), cardinality($4), true)
                ), made as (
                    insert into public.run_queue
                        (org_id, activity_request_id, source_id, position, attempt, state)
                    select $1, $2, $3, a.position - 1, a.attempt, 'ready'
                    from unnest($4::int[]) with ordinality as a(attempt, position)
                ), worker as (
                    insert into public.worker (id, service, host, pid) values ($5, 'weir-executor', 'here', 1)
                )
                select count(*) from public.source
                """, org, request, source, attempts, worker)
            var configuration = PostgresPool.Configuration(connectionString: database.url(of: .executor))
            configuration.maxConnections = 1
            let pool = PostgresPool(configuration: configuration, logger: .silent)
            do {
                try await body(
                    database, RunStore(pool: pool), ReadySource(org: OrgID(org), source: SourceID(source)))
            } catch {
                await pool.close()
                try await database.remove()
                throw error
            }
            await pool.close()
            try await database.remove()
        }
    }
}

import Contracts
import Foundation
import Logging
import Postgres
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
                    ready, worker: worker, limit: 10, runsPerExchange: 10, exchangeIDs: [RunRequestID(UUID())])
                let exchange = try #require(exchanges.first)
                #expect(exchange.runs.map(\.attempt).sorted() == [1, 1, 4])
                let failure = RecordedFailure(
                    exchange: exchange.id, substate: "http_503", reason: "the API answered HTTP 503",
                    verdicts: [
                        .init(attempt: 1, outcome: .retry(after: .seconds(60)), reason: "again in 60 s"),
                        .init(attempt: 4, outcome: .failed, reason: "attempt 4 of 4 was the last"),
                    ],
                    calls: [
                        ExchangeLog(
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
                    calls: [ExchangeLog(method: "GET", url: "http://x/", milliseconds: 1)])
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

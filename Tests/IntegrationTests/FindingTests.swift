import Contracts
import JSON
import Postgres
import Runtime
import Sources
import Store
import Synchronization
import Testing

extension IntegrationTests {
    /// Runs that find objects, with the statements of the services and without any.
    @Suite("Finding objects")
    struct FindingTests {
        /// Lets tasks go on together once all of them have come.
        private final class Rendezvous: Sendable {
            private struct State {
                var missing: Int
                var waiting: [CheckedContinuation<Void, Never>] = []
            }

            private let state: Mutex<State>

            init(_ count: Int) { state = Mutex(State(missing: count)) }

            func meet() async {
                await withCheckedContinuation { continuation in
                    let all = state.withLock { state in
                        state.waiting.append(continuation)
                        state.missing -= 1
                        return state.missing == 0 ? state.waiting : []
                    }
                    for waiting in all { waiting.resume() }
                }
            }
        }

        /// What each run has found, in its order.
        private final class Findings: Sendable {
            let names = Mutex<[RunID: [String]]>([:])
        }

        /// Requests of an extract whose runs are fetched.
        private struct Fixture {
            let pool: PostgresPool
            let worker: WorkerID
            let requests: [ActivityRequestID]
            private let ids = IDGenerator()

            init(_ database: TestDatabase, activity: String, requests count: Int) async throws {
                let ids = IDGenerator()
                pool = database.pool
                worker = WorkerID(ids.next())
                requests = ids.next(count).map { ActivityRequestID($0) }
                try await database.apply(CatalogueText(api: "http://127.0.0.1:1", webhooks: "http://127.0.0.1:1").yaml)
                try await WorkerStore(pool: pool).register(
                    worker, service: "test", host: "test", processID: 1, lease: .seconds(3600))
                let org = try await database.value(OrgID.self, "select id from public.org")
                let store = RequestStore(pool: pool)
                for id in requests {
                    let request = NewRequest(
                        id: id, org: org, activity: activity, content: JSONB(#"{"input":{"query":"x"}}"#),
                        objectCount: 0,
                        origin: "http", idempotencyKey: nil, fingerprint: nil, trace: nil)
                    guard case .termsChanged(let activity) = try await store.accept(request, checkedAgainst: nil),
                        case .accepted = try await store.accept(request, checkedAgainst: activity)
                    else { throw HarnessError("not accepted") }
                    _ = try await store.beginExpansion(of: id, worker: worker) { request in
                        .success(
                            .finding(
                                request.sources.map { FindingRun(id: RunID(ids.next()), source: $0.id, missing: []) }))
                    }
                }
            }

            /// Claims and records the answers of all runs.
            func fetch() async throws {
                let runs = RunStore(pool: pool)
                for source in try await runs.readySources() {
                    let claimed = try await runs.claim(
                        source, worker: worker, limit: 10, runsPerExchange: 1,
                        exchangeIDs: ids.next(10).map { RunRequestID($0) })
                    let log = CallLog(method: "GET", url: "http://127.0.0.1:1", milliseconds: 1)
                    try await runs.record(
                        claimed.map {
                            RecordedAnswer(exchange: $0.id, status: 200, contentType: nil, body: [], calls: [log])
                        },
                        worker: worker)
                }
            }
        }

        // Nor do they wait for each other in a circle.
        @Test func whatProcessorsFindAtOnceIsNotDoubledAndStandsInTheOrderOfTheSources() async throws {
            try await withDatabase { database in
                let fixture = try await Fixture(database, activity: "find_twice", requests: 2)
                try await fixture.fetch()
                let names = (0..<400).map { "company \($0)" }
                let orders = [
                    names, names.reversed(), Array(names[200...] + names[..<200]), names.filter { $0.hasSuffix("7") },
                ]
                let all = Rendezvous(orders.count)
                let found = Findings()
                try await withThrowingTaskGroup(of: Int.self) { group in
                    for order in orders {
                        group.addTask {
                            try await RunStore(pool: fixture.pool).process(runsMax: 1, bytesMax: 1 << 20) { answers in
                                await all.meet()
                                return answers.flatMap(\.runs).map { run in
                                    found.names.withLock { $0[run.id] = order }
                                    return ProcessedRun(
                                        run: run, succeeded: true,
                                        findings: order.map { FoundObject(name: $0, values: []) })
                                }
                            }.picked
                        }
                    }
                    for try await picked in group { #expect(picked == 1) }
                }
                let objects = try await database.value(Int.self, "select count(*) from public.object")
                #expect(objects == 400)
                for request in fixture.requests {
                    func total() async throws -> Int32 {
                        try await database.value(
                            Int32.self,
                            "select objects_total from public.request_progress where activity_request_id = $1", request)
                    }
                    // The bound of the activity, before any object has its place and after.
                    #expect(try await total() == 100)
                    let claimed = try await ResultStore(pool: fixture.pool).claim(request, worker: fixture.worker)
                    #expect(try await total() == 100)
                    #expect(claimed?.objectCount == 100 && claimed?.isCut == true)
                    let runs = try await database.column(
                        RunID.self,
                        """
                        select r.id from public.run_queue as r join public.source as s on s.id = r.source_id
                        where r.activity_request_id = $1 order by s.key
                        """, request)
                    var seen: Set<String> = []
                    let expected = found.names.withLock { names in runs.flatMap { names[$0] ?? [] } }
                        .filter { seen.insert($0).inserted }.prefix(100)
                    let placed = try await database.column(
                        String.self,
                        "select name from public.request_object where activity_request_id = $1 order by position",
                        request)
                    #expect(placed == Array(expected))
                }
                let left = try await database.column(
                    String.self, "select state_reason from public.run_queue where state_substate = 'max_objects'")
                #expect(left.count >= 2 && left.allSatisfy { $0.contains("takes at most 100") }, "\(left)")
                #expect(try await database.brokenInvariants() == [])
            }
        }

        @Test func aRunWhoseAnswerIsGoneHoldsNobodyUp() async throws {
            try await withDatabase { database in
                for place in 0..<2 {
                    let fixture = try await Fixture(database, activity: "find", requests: 2)
                    try await fixture.fetch()
                    let direction = place == 0 ? "asc" : "desc"
                    _ = try await database.column(
                        String.self,
                        """
                        delete from public.run_result where run_request_id = (
                            select r.run_request_id from public.run_queue as r where r.state_substate = 'fetched'
                            order by 1 \(direction) limit 1)
                        returning run_request_id::text
                        """)
                    let gone = Mutex<[Bool]>([])
                    let picked = try await RunStore(pool: database.pool).process(runsMax: 10, bytesMax: 1 << 20) {
                        answers in
                        gone.withLock { $0 = answers.map(\.isGone) }
                        return answers.flatMap { answer in
                            answer.runs.map { ProcessedRun(run: $0, succeeded: !answer.isGone) }
                        }
                    }.picked
                    let isGone = gone.withLock { $0 }
                    #expect(
                        picked == 2 && isGone.count == 2 && Set(isGone) == [true, false], "\(place): \(isGone)")
                }
            }
        }

        @Test func anExchangeOfATemplateThatSpeaksOfTheRequestServesOneRequest() async throws {
            try await withDatabase { database in
                let fixture = try await Fixture(database, activity: "find", requests: 3)
                let runs = RunStore(pool: database.pool)
                let ids = IDGenerator()
                let source = try await runs.readySources()[0]
                var claimed = try await runs.claim(
                    source, worker: fixture.worker, limit: 20, runsPerExchange: 10, separatesRequests: true,
                    exchangeIDs: ids.next(2).map { RunRequestID($0) })
                #expect(
                    claimed.map(\.runs.count) == [1, 1], "three runs are ready, and there is room for two exchanges")
                #expect(Set(claimed.flatMap(\.runs).map(\.request)).count == 2)
                try await runs.fillVariables(["query", "size_min", "run_setup", "nothing"], of: &claimed)
                #expect(claimed[0].runs[0].variables == ["query": "x", "size_min": 10, "run_setup": [:]])
                #expect(claimed[0].runs[0].objectName == nil)

                let rest = try await runs.claim(
                    source, worker: fixture.worker, limit: 20, runsPerExchange: 10, separatesRequests: true,
                    exchangeIDs: ids.next(2).map { RunRequestID($0) })
                #expect(rest.map(\.runs.count) == [1])
            }
        }
    }
}

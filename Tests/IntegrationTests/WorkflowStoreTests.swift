import Contracts
import JSON
import Postgres
import Runtime
import Store
import Testing

extension IntegrationTests {
    /// What takes workflow requests on, without the services that would go on at once.
    @Suite("Workflow requests in the store")
    struct WorkflowStoreTests {
        private static let byHand = TestDatabase.StateConsistency.waived(
            because: "states are set by hand, and nobody goes on")

        /// A request for the workflow `pipeline`, expanded; nobody works on it.
        private struct Fixture {
            let database: TestDatabase
            let org: OrgID
            let id: WorkflowRequestID
            let worker = WorkerID(IDGenerator().next())

            var pool: PostgresPool { database.pool }
            var workflows: WorkflowStore { WorkflowStore(pool: pool) }
            var requests: RequestStore { RequestStore(pool: pool) }

            init(_ database: TestDatabase) async throws {
                self.database = database
                try await database.apply(CatalogueText(api: "http://127.0.0.1:1", webhooks: "http://127.0.0.1:1").yaml)
                try await database.declareWorkflow()
                org = try await database.value(OrgID.self, "select id from public.org")
                id = try await database.value(
                    WorkflowRequestID.self,
                    """
                    insert into public.workflow_request (org_id, content)
                    select o.id, '{"workflow": "pipeline", "input": {"query": "x"}}' from public.org as o returning id
                    """)
                _ = try await WorkflowStore(pool: database.pool).expand(id)
                try await WorkerStore(pool: pool).register(
                    worker, service: "test", host: "test", processID: 1, lease: .seconds(3600))
            }

            func step(_ key: String) async throws -> ActivityRequestID {
                try await database.value(
                    ActivityRequestID.self,
                    "select id from public.activity_request where workflow_request_id = $1 and workflow_step = $2", id,
                    key)
            }

            func condition(_ key: String) async throws -> String {
                try await database.value(
                    String.self,
                    "select concat_ws(' ', state, state_substate) from public.activity_request where id = $1",
                    step(key))
            }

            /// Takes a step through states; what is said of it is that of the last.
            func move(_ key: String, _ states: String..., substate: String? = nil) async throws {
                for state in states {
                    _ = try await database.column(
                        String.self,
                        """
                        update public.activity_request set state = $2::text::public.activity_request_state, state_substate = $3
                        where id = $1 returning state::text
                        """, step(key), state, substate)
                }
            }

            /// Ends a step that was stopped, as a processor does.
            func collect(_ key: String) async throws {
                let results = ResultStore(pool: pool)
                let claimed = try #require(try await results.claim(step(key), worker: worker))
                _ = try await results.finish(claimed, state: "failed", substate: "cancelled", reason: nil) { [] }
            }
        }

        // MARK: Phases

        @Test func aStepThatIsTakenUpWhileOneBeforeItIsOpenWaitsForItsPhase() async throws {
            try await withDatabase(consistency: Self.byHand) { database in
                let flow = try await Fixture(database)
                let details = try await flow.step("details")
                let stopped = try await flow.requests.cancel(details, org: flow.org, actor: "test", reason: "too early")
                #expect(stopped == .stopping)
                try await flow.collect("details")
                #expect(try await flow.condition("details") == "failed cancelled")

                let page = try await RunStore(pool: flow.pool).retry(
                    RetryFilter(scope: .request(details, from: 0), states: ["failed"], source: nil), org: flow.org,
                    actor: "test", reason: "now")
                #expect(page.requests == 1)
                #expect(try await flow.condition("details") == "waiting phase")

                try await flow.move("search", "ready", "in_progress", "done")
                let started = try await flow.workflows.advance(flow.id)
                #expect(started.map(\.id) == [details])
                #expect(try await flow.condition("details") == "ready")
            }
        }

        @Test func aStepWhosePhaseHasBegunIsNotExpandedWhileOneBeforeItGoesOn() async throws {
            try await withDatabase(consistency: Self.byHand) { database in
                let flow = try await Fixture(database)
                let details = try await flow.step("details")
                try await flow.move("search", "ready", "in_progress", "done")
                _ = try await flow.workflows.advance(flow.id)
                try await flow.move("search", "in_progress", substate: "retried")
                func waiting() async throws -> Bool {
                    try await flow.requests.waitingForExpansion(limit: 10).contains { $0.id == details }
                }
                func expanded() async throws -> Bool {
                    try await flow.requests.beginExpansion(of: details, worker: flow.worker) { _ in
                        .success(.gathering(objectsMax: 10))
                    } != nil
                }
                #expect(try await !waiting())
                #expect(try await !expanded())
                try await flow.move("search", "done")
                #expect(try await waiting())
                #expect(try await expanded())
            }
        }

        @Test func whatWasStoppedIsTakenUpAlsoWhenItsRetryBreaksOff() async throws {
            try await withDatabase(consistency: Self.byHand) { database in
                let flow = try await Fixture(database)
                try await flow.move("search", "ready", "in_progress", "done")
                let cancelled = try await flow.workflows.cancel(
                    flow.id, org: flow.org, actor: "test", reason: "no more")
                #expect(cancelled == .stopping)
                _ = try await flow.workflows.advance(flow.id)
                #expect(try await flow.condition("details") == "failed workflow_stopped")

                _ = try await flow.workflows.beginRetry(flow.id, org: flow.org, actor: "test")
                // Its caller may be about to take up runs of earlier steps.
                #expect(try await flow.workflows.waitingForAdvance(limit: 10).isEmpty)
                // Time passes, and nobody goes on with it.
                _ = try await database.column(
                    Bool.self,
                    "update public.workflow_progress set step_ended_at = step_ended_at - interval '60 s' returning true"
                )
                #expect(try await flow.workflows.waitingForAdvance(limit: 10) == [flow.id])
                #expect(try await flow.workflows.advance(flow.id).map(\.id) == [flow.step("details")])
            }
        }

        // MARK: Locks

        /// Holds the row of the workflow request while `body` runs.
        private func holding<Output: Sendable>(
            _ flow: Fixture, _ body: () async throws -> Output
        ) async throws -> Output {
            try await flow.pool.transaction { transaction in
                _ = try await transaction.execute(
                    Statement("test", "select id from public.workflow_request where id = $1 for update"), flow.id)
                return try await body()
            }
        }

        @Test func whoEndsWhatIsOverdueLocksWorkflowsBeforeTheirSteps() async throws {
            try await withDatabase(consistency: Self.byHand) { database in
                let flow = try await Fixture(database)
                let search = try await flow.step("search")
                _ = try await database.column(
                    Bool.self,
                    "update public.activity_request set deadline_at = now() - interval '1 s' where id = $1 returning true",
                    search)
                // With the rights of the service that does it.
                let scheduler = PostgresPool(
                    configuration: .init(connectionString: database.url(of: .scheduler)), logger: .silent)
                let stopped = try await holding(flow) {
                    let stopped = Task { try await RequestStore(pool: scheduler).stopOverdue(limit: 10) }
                    try await eventually("the wait for the workflow") {
                        try await database.value(
                            Bool.self,
                            """
                            select exists (select from pg_stat_activity
                                           where datname = current_database() and wait_event_type = 'Lock')
                            """)
                    }
                    // Whoever holds the workflow may need its steps.
                    let free = try await database.column(
                        ActivityRequestID.self,
                        "select id from public.activity_request where id = $1 for update skip locked", search)
                    #expect(free == [search])
                    return stopped
                }
                #expect(try await stopped.value == 1)
                await scheduler.close()
            }
        }

        @Test func aReplayOfAnotherOrganizationsRequestLocksNothing() async throws {
            try await withDatabase(consistency: Self.byHand) { database in
                let flow = try await Fixture(database)
                let search = try await flow.step("search")
                // Whoever waited would get an error.
                let impatient = PostgresPool(
                    configuration: .init(
                        connectionString: database.administratorURL + " options='-c lock_timeout=1s'"),
                    logger: .silent)
                try await holding(flow) {
                    let page = try await RunStore(pool: impatient).replay(
                        search, org: OrgID(IDGenerator().next()), from: 0, mappings: [:], actor: "test", reason: "x")
                    #expect(page.replayed == 0)
                }
                await impatient.close()
            }
        }

        // MARK: Accepting

        @Test func onlyTheChecksOfWorkflowsSayThatOneCannotRun() async throws {
            try await withDatabase(consistency: Self.byHand) { database in
                let flow = try await Fixture(database)
                func accept() async throws -> WorkflowAcceptance {
                    try await flow.workflows.accept(
                        NewWorkflowRequest(
                            id: WorkflowRequestID(IDGenerator().next()), org: flow.org, workflow: "pipeline",
                            content: JSONB(#"{"workflow": "pipeline", "input": {"query": "x"}}"#), origin: "http",
                            idempotencyKey: nil, fingerprint: nil, trace: nil)
                    ) { _ in }
                }
                _ = try await database.column(
                    String.self, "update public.activity set deleted_at = now() where key = 'quiet' returning key")
                guard case .notRunnable(let reason) = try await accept() else {
                    throw HarnessError("it was accepted")
                }
                #expect(reason.contains("an activity that there is not any more"))
                _ = try await database.column(
                    String.self, "update public.activity set deleted_at = null where key = 'quiet' returning key")
                // Something else in the same transaction has an invalid parameter.
                _ = try await flow.pool.execute(
                    Statement(
                        "test",
                        """
                        create function public.refuse() returns trigger language plpgsql as
                        $$ begin raise exception 'no more of these' using errcode = '22023'; end $$
                        """))
                _ = try await flow.pool.execute(
                    Statement(
                        "test",
                        "create trigger refuse after insert on public.activity_request execute function public.refuse()"
                    ))
                await #expect(throws: PostgresError.self) { _ = try await accept() }
            }
        }
    }
}

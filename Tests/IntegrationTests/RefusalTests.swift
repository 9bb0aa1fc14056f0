import Assembly
import Contracts
import Foundation
import Logging
import Postgres
import Runtime
import ServiceLifecycle
import Store
import Testing

extension IntegrationTests {
    /// What becomes of changes of state that the database refuses, with the parts that every service is made of.
    @Suite("Refused transitions")
    struct RefusalTests {
        private static let skip = Statement(
            "test.skip",
            "update public.run_queue set state = 'done' where id = (select min(id::text)::uuid from public.run_queue)")

        @Test func aRefusedTransitionIsLoggedInATransactionOfItsOwn() async throws {
            try await withDatabase { database in
                let request = try await StoredRequest(database)
                try await request.expand()
                let parts = try parts(database)
                try await whileKept(parts) {
                    let error = await refusal { _ = try await parts.pool.execute(Self.skip) }
                    #expect(error?.sqlState == "WR001")
                    // In the middle of a transaction, too, of which nothing stays.
                    _ = await refusal {
                        try await parts.pool.transaction { transaction in
                            try await transaction.execute(
                                Statement("test.before", "update public.run_queue set state_reason = 'touched'"))
                            try await transaction.execute(Self.skip)
                        }
                    }
                    // Other errors are none of the log's business.
                    _ = await refusal {
                        _ = try await parts.pool.execute(Statement("test.forbidden", "delete from public.run_queue"))
                    }
                    try await eventually("two lines in the log") { try await count(database) == 2 }
                    let lines = try await database.column(
                        String.self,
                        """
                        select format('%s %s %s %s %s %s', l.severity, l.component, l.entity, l.entity_id = r.id, l.org_id = r.org_id, l.details)
                               || ': ' || replace(l.message, r.id::text, 'ID')
                        from etl_api.etl_log as l join (select * from public.run_queue order by id limit 1) as r on true
                        """)
                    for line in lines {
                        #expect(
                            line.hasPrefix(
                                """
                                error weir-executor run_queue t t {"sqlstate": "WR001", "to_state": "done", "statement": "test.skip", \
                                "from_state": "ready"}: run_queue ID: ready → done is not an allowed transition; from ready it may go to
                                """))
                    }
                    let untouched = try await database.value(
                        Bool.self, "select every(state = 'ready' and state_reason is null) from public.run_queue")
                    #expect(untouched)
                }
            }
        }

        @Test func whatThereIsNoRoomForIsCountedAndWhatWaitsIsWrittenBeforeTheStop() async throws {
            try await withDatabase { database in
                try await StoredRequest(database).expand()
                let parts = try parts(database)
                // Nobody writes yet.
                for _ in 0..<130 {
                    let error = await refusal { _ = try await parts.pool.execute(Self.skip) }
                    #expect(error?.sqlState == "WR001")
                }
                let metrics = parts.context.metrics.exposition()
                #expect(metrics.contains("\nweir_refused_transitions_total 130\n"))
                #expect(metrics.contains("\nweir_refused_transitions_unlogged_total 30\n"))
                try await whileKept(parts) {
                    try await eventually("the first line in the log") { try await count(database) > 0 }
                }
                #expect(try await count(database) == 100)
            }
        }

        private func count(_ database: TestDatabase) async throws -> Int64 {
            try await database.value(Int64.self, "select count(*) from etl_api.etl_log")
        }

        /// An executor's parts, on a bus that is not there.
        private func parts(_ database: TestDatabase) throws -> ServiceParts {
            let environment = [
                "WEIR_DATABASE_URL": database.url(of: .executor),
                "WEIR_BUS_ENDPOINTS": "ipc://\(database.socketDirectory)/no-bus",
            ]
            return try ServiceParts(
                RuntimeContext(name: "weir-executor", environment: environment, logger: .silent), connections: 2)
        }

        /// Runs what keeps the parts open while a test goes on, and stops it as a service is stopped.
        private func whileKept(_ parts: ServiceParts, _ body: () async throws -> Void) async throws {
            let group = ServiceGroup(services: [parts.keeper], logger: .silent)
            let running = Task { try await group.run() }
            do {
                try await body()
            } catch {
                await group.triggerGracefulShutdown()
                try await running.value
                throw error
            }
            await group.triggerGracefulShutdown()
            try await running.value
        }

        private func refusal(of body: () async throws -> Void) async -> PostgresError? {
            do {
                try await body()
                Issue.record("it was not refused")
            } catch let error as PostgresError {
                return error
            } catch {
                Issue.record(error)
            }
            return nil
        }
    }
}

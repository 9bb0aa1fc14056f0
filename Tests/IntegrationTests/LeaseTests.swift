import Contracts
import Foundation
import JSON
import Postgres
import Runtime
import Store
import Testing

extension IntegrationTests {
    /// When a worker that is silent loses its claims.
    @Suite("Leases")
    struct LeaseTests {
        @Test func afterAnOutageNoLeaseExpiresBeforeEveryWorkerHadOneLeaseToComeBack() async throws {
            try await withPlatform(.init(lease: "6s")) { platform in
                let database = platform.database
                let id = try await platform.client.submit(["Abel"])
                _ = try await platform.client.wait(for: id, toBe: "delivered")
                try await letTheSchedulerSettle(database)
                let workers = try await database.column(
                    String.self, "select id::text from public.worker where ended_at is null")
                #expect(workers.count == 4)

                // One of them will not come back.
                try await platform.kill9(.executor)
                try await beginOutage(database)
                try await eventually("the end of every lease") {
                    try await database.value(
                        Bool.self,
                        "select every(clock_timestamp() > heartbeat_at + lease) from public.worker where id::text = any ($1)",
                        workers)
                }
                // For the scheduler it may last as long as one wait for a connection.
                let restored = try await database.value(
                    String.self,
                    """
                    with restored as (update pg_database set datallowconn = true where datname = current_database() returning 1)
                    select clock_timestamp()::text from restored
                    """)

                let ended = try await eventually("the end of the dead one's lease") {
                    let ended = try await database.column(
                        Bool.self,
                        "select ended_at >= $2::text::timestamptz + lease from public.worker where id::text = any ($1) and ended_at is not null",
                        workers, restored)
                    return ended.isEmpty ? nil : ended
                }
                #expect(ended.allSatisfy { $0 }, "a lease expired sooner than one lease's time after the outage")
                try await platform.start(.executor)
                let after = try await platform.client.submit(["Bebel"])
                _ = try await platform.client.wait(for: after, toBe: "delivered")
            }
        }

        /// Returns when the scheduler has been in touch for long enough to expire leases.
        private func letTheSchedulerSettle(_ database: TestDatabase) async throws {
            let dead = WorkerID(IDGenerator().next())
            try await WorkerStore(pool: database.pool).register(
                dead, service: "test", host: "test", processID: 1, lease: .milliseconds(1))
            try await eventually("a lease that expires") {
                try await database.value(
                    Bool.self, "select released_at is not null from public.worker where id = $1", dead)
            }
        }

        /// Breaks the services' connections and lets nobody connect; the server goes on, so that nothing but silence tells.
        private func beginOutage(_ database: TestDatabase) async throws {
            _ = try await database.pool.withConnection { connection in
                try await connection.script(
                    """
                    update pg_database set datallowconn = false where datname = current_database();
                    select pg_terminate_backend(pid) from pg_stat_activity
                    where datname = current_database() and usename like 'weir\\_%';
                    """)
            }
        }

        @Test func callsUnderWayEndWithTheLease() async throws {
            var options = Platform.Options(lease: "5s")
            let health = try FreePort.choose()
            options.variables[.executor] = ["WEIR_HEALTH_PORT": "\(health)"]
            try await withPlatform(options) { platform in
                let inFlight = { (count: Int) in
                    let answer = try await platform.client.get("http://127.0.0.1:\(health)/metrics")
                    return String(decoding: answer.body, as: UTF8.self)
                        .contains("weir_executor_exchanges_in_flight \(count)\n")
                }
                platform.api.gate.close(after: 0)
                let id = try await platform.client.submit(["Abel", "Bebel"])
                try await eventually("two calls") { try await inFlight(2) }
                // Its heartbeat gets no answer, so that somebody else may make its calls; the API still holds them.
                try await StatementGate.with(
                    platform.database, event: "update", on: "worker",
                    if: "exists (select from given where service = 'weir-executor')"
                ) { gate in
                    try await gate.waitUntilHeld()
                    try await eventually("the end of the calls") { try await inFlight(0) }
                    try await gate.open()
                    platform.api.gate.open()
                    _ = try await platform.client.wait(for: id, toBe: "delivered")
                }
                #expect(platform.api.calls == ["Abel": 2, "Bebel": 2])
            }
        }

        @Test func aWorkerThatWasGivenUpHearsOfItAndComesBackAsAnother() async throws {
            try await withDatabase { database in
                let store = WorkerStore(pool: database.pool)
                let ids = IDGenerator()
                let lease = WorkerLease(
                    store: store, service: "test", host: "test", processID: 1, duration: .seconds(1),
                    makeID: { WorkerID(ids.next()) }, logger: .silent)
                try await lease.register()
                let first = lease.worker
                let (losses, loss) = AsyncStream.makeStream(of: WorkerID.self)
                let keeper = Task { await lease.keep { loss.yield(lease.worker) } }
                try await store.end(first, reason: "the test says so")
                var heard: [WorkerID] = []
                for await worker in losses {
                    heard.append(worker)
                    if worker != first { break }
                }
                #expect(heard.first == first && heard.last == lease.worker && lease.worker != first)
                keeper.cancel()
                await keeper.value
            }
        }

        @Test func aServerThatRestartedGivesEveryWorkerOneLease() async throws {
            try await withDatabase { database in
                let ids = IDGenerator()
                let up = try await database.value(
                    Double.self, "select extract(epoch from clock_timestamp() - pg_postmaster_start_time())::float8")
                let leases: [Duration] = [.milliseconds(1), .seconds(up + 3600)]
                let workers = leases.map { _ in WorkerID(ids.next()) }
                for (worker, lease) in zip(workers, leases) {
                    try await WorkerStore(pool: database.pool).register(
                        worker, service: "test", host: "test", processID: 1, lease: lease)
                }
                // Both were silent for longer than their lease, one of them since before the server's start only.
                _ = try await database.column(
                    Bool.self,
                    "update public.worker set heartbeat_at = pg_postmaster_start_time() - lease - interval '1 day' returning true"
                )
                let sweep = SweepStore(pool: database.pool)
                let now = try await sweep.time()
                // A statement that comes long after the server was heard of gives nobody up.
                let late = try await sweep.releaseEndedWorkers(
                    contact: (time: now - 3600, validity: .seconds(60)), attemptsMax: 10)
                #expect(late == 0)
                let released = try await sweep.releaseEndedWorkers(
                    contact: (time: now, validity: .seconds(3600)), attemptsMax: 10)
                #expect(released == 1)
                let ended = try await database.column(
                    WorkerID.self, "select id from public.worker where ended_at is not null")
                #expect(ended == [workers[0]])
            }
        }
    }
}

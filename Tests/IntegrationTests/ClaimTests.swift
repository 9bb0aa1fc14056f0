import Contracts
import JSON
import Messaging
import Postgres
import Store
import Testing

extension IntegrationTests {
    /// Claims and the workers that make them.
    @Suite("Claims")
    struct ClaimTests {
        /// What can be claimed.
        enum Kind: String, CaseIterable, Sendable {
            case expansion, runs, result, delivery

            /// What the claim writes in its middle.
            var write: (event: String, table: String) {
                switch self {
                case .expansion: ("insert", "run_queue")
                case .runs: ("insert", "run_request")
                case .result: ("update", "activity_request")
                case .delivery: ("update", "delivery")
                }
            }

            /// Brings a request to where it can be claimed.
            func prepare(_ request: StoredRequest) async throws {
                if self == .expansion { return }
                try await request.expand()
                if self == .runs { return }
                try await request.finishRuns()
                if self == .result { return }
                try await request.collect()
            }

            /// How much was claimed.
            func claim(_ request: StoredRequest) async throws -> Int {
                switch self {
                case .expansion: try await request.beginExpansion() == nil ? 0 : 1
                case .runs: try await request.claimRuns().count
                case .result: try await request.claimResult() == nil ? 0 : 1
                case .delivery: try await request.claimDeliveries().count
                }
            }
        }

        /// Were it released then, what it has just claimed would be nobody's, for ever.
        @Test(arguments: Kind.allCases)
        func aWorkerIsNotReleasedInTheMiddleOfItsClaim(_ kind: Kind) async throws {
            try await withDatabase { database in
                let request = try await StoredRequest(database)
                try await kind.prepare(request)
                let sweep = SweepStore(pool: database.pool)
                let write = kind.write
                try await StatementGate.with(database, event: write.event, on: write.table) { gate in
                    async let claimed = kind.claim(request)
                    try await gate.waitUntilHeld()
                    try await WorkerStore(pool: database.pool).end(request.worker, reason: "the test says so")
                    let early = try await sweep.releaseEndedWorkers(contact: nil, attemptsMax: 10)
                    #expect(early == 0)
                    try await gate.open()
                    #expect(try await claimed > 0)
                }
                let held = try await claims(of: request.worker, database)
                #expect(held > 0, "the claim has left nothing behind, so that this shows nothing")
                let late = try await sweep.releaseEndedWorkers(contact: nil, attemptsMax: 10)
                #expect(late == 1)
                let left = try await claims(of: request.worker, database)
                #expect(left == 0)
            }
        }

        @Test(arguments: Kind.allCases)
        func aWorkerThatHasEndedClaimsNothing(_ kind: Kind) async throws {
            try await withDatabase { database in
                let request = try await StoredRequest(database)
                try await kind.prepare(request)
                try await WorkerStore(pool: database.pool).end(request.worker, reason: "the test says so")
                let claimed = try await kind.claim(request)
                #expect(claimed == 0)
                let held = try await claims(of: request.worker, database)
                #expect(held == 0)
            }
        }

        private func claims(of worker: WorkerID, _ database: TestDatabase) async throws -> Int {
            try await database.value(
                Int.self,
                """
                select (select count(*) from public.activity_request where worker_id = $1)
                     + (select count(*) from public.run_queue where worker_id = $1)
                     + (select count(*) from public.run_request where worker_id = $1)
                     + (select count(*) from public.delivery where worker_id = $1)
                """, worker)
        }

        /// Both collectors of a processor claim under the same worker, so that one which let go of the request would take it from the other.
        @Test func twoCollectorsNeverShareARequest() async throws {
            try await withPlatform { platform in
                platform.api.gate.close(after: 0)
                let id = try await platform.client.submit(["Abel"])
                try await eventually("the call") { platform.api.gate.heldBack > 0 }
                let isHeld = "exists (select from given where activity_request_id = '\(id)')"
                try await StatementGate.with(
                    platform.database, event: "insert", on: "request_result", if: isHeld
                ) { gate in
                    platform.api.gate.open()
                    try await gate.waitUntilHeld()
                    try await refuseNextCollection(platform.database)
                    try await platform.withBus { bus in
                        bus.publish(topic: Topic.runsClosed, key: id, body: [])
                        // What comes later is collected after that hint was heard.
                        let other = try await platform.client.submit(["Bebel"])
                        _ = try await platform.client.wait(for: other, toBe: "delivered")
                    }
                    let holder = try await platform.database.value(
                        Bool.self, "select worker_id is not null from public.activity_request where id::text = $1", id)
                    #expect(holder, "somebody let go of a request that another one was collecting")
                }
                _ = try await platform.client.wait(for: id, toBe: "delivered")
                // One to expand it, one to collect it.
                let claims = try await platform.database.value(
                    Int32.self, "select attempt from public.activity_request where id::text = $1", id)
                #expect(claims == 2)
                #expect(platform.webhooks.received.count == 2)
            }
        }

        /// A claim that fails makes its collector let go.
        private func refuseNextCollection(_ database: TestDatabase) async throws {
            try await database.pool.withConnection { connection in
                _ = try await connection.script(
                    """
                    create sequence public.collections;
                    create function public.refuse_first() returns trigger language plpgsql security definer as $$
                    begin
                        if current_query() like '%collecting%' and nextval('public.collections') = 1 then
                            raise 'refused by the test';
                        end if;
                        return null;
                    end
                    $$;
                    create trigger refuse_first before update on public.activity_request
                        for each statement execute function public.refuse_first();
                    """)
            }
        }
    }
}

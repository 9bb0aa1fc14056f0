import Contracts
import Foundation
import Postgres
import Store
import Testing

extension IntegrationTests {
    /// What is written of attempts when their record is repeated, late, or meets somebody else.
    @Suite("Records of deliveries")
    struct DeliveryRecordTests {
        /// In the order of their ids; the higher one is made first, so that it comes first along most indexes.
        static let (low, high) = (
            DeliveryID(UUID(uuid: (1, 0, 0, 0, 0, 0, 0x70, 0, 0x80, 0, 0, 0, 0, 0, 0, 1))),
            DeliveryID(UUID(uuid: (0xFE, 0, 0, 0, 0, 0, 0x70, 0, 0x80, 0, 0, 0, 0, 0, 0, 1)))
        )

        /// A database with an endpoint and deliveries to it that are claimed.
        private func withClaimed(
            _ ids: [DeliveryID],
            _ body: (TestDatabase, StoredRequest, DeliveryStore, [ClaimedDelivery]) async throws -> Void
        ) async throws {
            try await withDatabase { database in
                let stored = try await StoredRequest(database)
                for id in ids { try await make(id, database) }
                let claimed = try await stored.claimDeliveries()
                try #require(claimed.count == ids.count)
                try await body(database, stored, DeliveryStore(pool: database.pool), claimed)
            }
        }

        private func make(_ id: DeliveryID, _ database: TestDatabase) async throws {
            _ = try await database.value(
                UUID.self,
                """
                insert into public.delivery (org_id, id, webhook_endpoint_id, event_type, payload)
                select e.org_id, $1, e.id, 'webhook_endpoint.test', '{}' from public.webhook_endpoint as e returning id
                """, id.uuid)
        }

        private func attempt(_ delivery: ClaimedDelivery, _ outcome: DeliveryAttempt.Outcome) -> DeliveryAttempt {
            let finding: DeliveryAttempt.Finding =
                switch outcome {
                case .delivered: .taken
                case .retry: .notTaken
                case .failed: .gone
                case .postponed: .none
                case .held: .incomplete
                }
            return DeliveryAttempt(
                delivery: delivery, outcome: outcome, finding: finding, status: nil, milliseconds: 1,
                substate: nil, error: nil, answer: nil)
        }

        /// One delivery: its state, the numbers of its attempts and of those that its schedule does not count, the attempts that are kept, and
        /// how many attempts and failures its endpoint's breaker counts.
        private func summary(_ database: TestDatabase) async throws -> String {
            try await database.value(
                String.self,
                """
                select concat_ws(' ', d.state, d.attempt, d.attempts_before,
                                 (select count(*) from public.delivery_attempt as t where t.delivery_id = d.id),
                                 (select sum(n) from unnest(h.attempts) as n), (select sum(n) from unnest(h.failures) as n))
                from public.delivery as d
                left join public.endpoint_health as h on h.webhook_endpoint_id = d.webhook_endpoint_id
                """)
        }

        // MARK: Once

        @Test func anAttemptCountsOnceHoweverOftenItIsRecorded() async throws {
            try await withClaimed([Self.low]) { database, _, deliveries, claimed in
                for _ in 1...3 {
                    _ = try await deliveries.record(
                        [attempt(claimed[0], .retry(after: .seconds(60)))], disableAfter: .seconds(3600))
                    #expect(try await summary(database) == "ready 1 0 1 1 1")
                }
            }
        }

        @Test func whatCouldNotBePostedUsesUpNoAttempt() async throws {
            try await withClaimed([Self.low]) { database, stored, deliveries, claimed in
                for _ in 1...2 {
                    _ = try await deliveries.record(
                        [attempt(claimed[0], .postponed(after: .seconds(60)))], disableAfter: .seconds(3600))
                    #expect(try await summary(database) == "ready 1 1 0 0 0")
                }
                let isLater = try await database.value(
                    Bool.self,
                    """
                    select d.due_at > clock_timestamp() + interval '50 seconds' and h.failing_since is null
                    from public.delivery as d join public.endpoint_health as h on h.webhook_endpoint_id = d.webhook_endpoint_id
                    """)
                #expect(isLater)
                _ = try await database.column(
                    Int32.self, "update public.delivery set due_at = clock_timestamp() returning attempt")
                let again = try #require(try await stored.claimDeliveries().first)
                #expect(again.attempt - again.attemptsBefore == 1, "the schedule begins with this one")
                // What was said of the first claim says nothing of the second.
                _ = try await deliveries.record(
                    [attempt(claimed[0], .postponed(after: .seconds(60)))], disableAfter: .seconds(3600))
                #expect(try await summary(database) == "in_progress 2 1 0 0 0")
            }
        }

        @Test func whatCouldNotBeMadeIsKeptAndUsesUpNoAttempt() async throws {
            try await withClaimed([Self.low]) { database, stored, deliveries, claimed in
                for _ in 1...2 {
                    _ = try await deliveries.record(
                        [attempt(claimed[0], .held(after: .seconds(30)))], disableAfter: .seconds(3600))
                    #expect(try await summary(database) == "ready 1 1 1 0 0")
                }
                try await database.run("update public.delivery set due_at = clock_timestamp()")
                #expect(try await stored.claimDeliveries().isEmpty, "its endpoint is left alone")
                try await database.run("update public.endpoint_health set open_until = clock_timestamp()")
                let again = try #require(try await stored.claimDeliveries().first)
                #expect(again.attempt - again.attemptsBefore == 1, "the schedule begins with this one")
            }
        }

        // MARK: Late

        @Test func whatWasPostedUnderALostLeaseCounts() async throws {
            try await withClaimed([Self.low]) { database, stored, deliveries, claimed in
                try await WorkerStore(pool: database.pool).end(stored.worker, reason: "the test says so")
                let released = try await SweepStore(pool: database.pool).releaseEndedWorkers(
                    contact: nil, attemptsMax: 10)
                #expect(released == 1)
                #expect(try await summary(database) == "ready 1 0 0")
                _ = try await deliveries.record([attempt(claimed[0], .delivered)], disableAfter: .seconds(3600))
                #expect(try await summary(database) == "delivered 1 1 1 1 0")
            }
        }

        @Test func whatAnotherWorkerPostsMeanwhileIsLeftToIt() async throws {
            try await withClaimed([Self.low]) { database, stored, deliveries, first in
                _ = try await database.column(
                    Int32.self,
                    "update public.delivery set state = 'ready', worker_id = null, due_at = clock_timestamp() returning attempt"
                )
                let second = try await stored.claimDeliveries()
                _ = try await deliveries.record([attempt(first[0], .delivered)], disableAfter: .seconds(3600))
                #expect(try await summary(database) == "in_progress 2 0 1 1 0")
                // Both in one batch, the first for the second time.
                _ = try await deliveries.record(
                    [attempt(first[0], .delivered), attempt(second[0], .retry(after: .seconds(60)))],
                    disableAfter: .seconds(3600))
                #expect(try await summary(database) == "ready 2 0 2 2 1")
                let isTaken = try await database.value(
                    Bool.self, "select delivered_at is not null from public.delivery")
                #expect(isTaken, "what was taken stays taken")
            }
        }

        // MARK: Orders of locks

        /// Who locks several deliveries.
        enum Locker: CaseIterable, Sendable {
            case record, release, giveBack, retry
        }

        /// While another session holds the delivery with the lowest id, whoever waits for it must not hold one with a higher id: two who wait
        /// for each other are a deadlock.
        @Test(arguments: Locker.allCases)
        func deliveriesAreLockedInTheOrderOfTheirIds(by locker: Locker) async throws {
            try await withDatabase { database in
                let stored = try await StoredRequest(database)
                if locker == .retry {
                    try await makeDeliveriesOfFailedRequest(stored, database)
                } else {
                    for id in [Self.high, Self.low] { try await make(id, database) }
                }
                let claimed = try await stored.claimDeliveries().sorted { $0.id > $1.id }
                if locker == .release {
                    try await WorkerStore(pool: database.pool).end(stored.worker, reason: "the test says so")
                }
                try await database.pool.withConnection { holder in
                    _ = try await holder.script(
                        "begin; select from public.delivery where id = '\(Self.low)' for update")
                    async let locking: Void = lock(locker, claimed, stored, database)
                    try await waitUntilBlocked(1, database)
                    let free = try await database.column(
                        UUID.self, "select id from public.delivery where id = $1 for update skip locked",
                        Self.high.uuid)
                    #expect(free.count == 1, "the other one is held already")
                    _ = try await holder.script("rollback")
                    try await locking
                }
                let held = try await database.value(
                    Int64.self, "select count(*) from public.delivery where worker_id is not null")
                #expect(held == 0, "nothing was done, so that this shows nothing")
            }
        }

        private func lock(
            _ locker: Locker, _ claimed: [ClaimedDelivery], _ stored: StoredRequest, _ database: TestDatabase
        ) async throws {
            let deliveries = DeliveryStore(pool: database.pool)
            switch locker {
            case .record:
                _ = try await deliveries.record(
                    claimed.map { attempt($0, .retry(after: .seconds(60))) }, disableAfter: .seconds(3600))
            case .release:
                _ = try await SweepStore(pool: database.pool).releaseEndedWorkers(contact: nil, attemptsMax: 10)
            case .giveBack:
                _ = try await deliveries.giveBackUnknown(worker: stored.worker, known: [])
            case .retry:
                _ = try await RunStore(pool: database.pool).retry(
                    RetryFilter(scope: .request(stored.id, from: 0), states: ["failed"], source: nil),
                    org: stored.source.org, actor: "me", reason: "again")
            }
        }

        /// Two endpoints of the request, whose deliveries come in the opposite order of their ids along the index of its deliveries.
        private func makeDeliveriesOfFailedRequest(_ stored: StoredRequest, _ database: TestDatabase) async throws {
            try await stored.expand()
            try await stored.finishRuns(succeeded: false)
            try await stored.collect(state: "failed")
            _ = try await database.column(UUID.self, "delete from public.delivery returning id")
            _ = try await database.column(
                UUID.self,
                """
                with first as (
                    insert into public.webhook_endpoint (org_id, id, key, url, secret_name)
                    select e.org_id, '00000000-0000-7000-8000-000000000001', 'first', e.url, e.secret_name
                    from public.webhook_endpoint as e
                    returning org_id, id
                )
                insert into public.delivery (org_id, id, webhook_endpoint_id, activity_request_id, payload)
                select e.org_id, i.id, e.id, $3, '{}'
                from (values (1, $1::uuid), (2, $2::uuid)) as i(place, id)
                join (select 1 as place, org_id, id from first union all select 2, org_id, id from public.webhook_endpoint) as e
                  on e.place = i.place
                returning id
                """, Self.high.uuid, Self.low.uuid, stored.id.uuid)
        }

        /// Who writes several endpoints.
        enum EndpointLocker: CaseIterable, Sendable {
            case record, apply
        }

        /// The same of endpoints: the one with the higher id comes first by its key and in the batch.
        @Test(arguments: EndpointLocker.allCases)
        func endpointsAreLockedInTheOrderOfTheirIds(by locker: EndpointLocker) async throws {
            try await withDatabase { database in
                let stored = try await StoredRequest(database)
                // Their health first: it is there, in the opposite order of their ids.
                try await database.run(
                    """
                    with made as (
                        insert into public.webhook_endpoint (org_id, id, key, url, secret_name)
                        select o.id, v.id::uuid, v.key, 'https://example.org/', 'HOOK'
                        from public.org as o cross join (values ('\(Self.high)', 'a_high'), ('\(Self.low)', 'b_low')) as v(id, key)
                        returning org_id, id, key
                    ), known as (
                        insert into public.endpoint_health (org_id, webhook_endpoint_id)
                        select m.org_id, m.id from made as m order by m.key
                    )
                    insert into public.delivery (org_id, id, webhook_endpoint_id, event_type, payload)
                    select m.org_id, m.id, m.id, 'webhook_endpoint.test', '{}' from made as m
                    """)
                let claimed = try await stored.claimDeliveries().sorted { $0.id > $1.id }
                try #require(claimed.count == 2)
                try await database.pool.withConnection { holder in
                    _ = try await holder.script(
                        "begin; select from public.webhook_endpoint where id = '\(Self.low)' for no key update")
                    async let locking: Void = write(claimed, locker, database)
                    try await waitUntilBlocked(1, database)
                    let free = try await database.column(
                        UUID.self,
                        "select id from public.webhook_endpoint where id = $1 for no key update skip locked",
                        Self.high.uuid)
                    #expect(free.count == 1, "the other one is held already")
                    _ = try await holder.script("rollback")
                    try await locking
                }
                let written = try await database.value(
                    Int64.self,
                    """
                    select count(*) from public.webhook_endpoint
                    where key in ('a_high', 'b_low') and (disabled_at is not null or url = 'https://example.com/')
                    """)
                #expect(written == 2, "nothing was done, so that this shows nothing")
            }
        }

        private func write(
            _ claimed: [ClaimedDelivery], _ locker: EndpointLocker, _ database: TestDatabase
        ) async throws {
            switch locker {
            case .record:
                _ = try await DeliveryStore(pool: database.pool).record(
                    claimed.map { attempt($0, .failed) }, disableAfter: .seconds(3600))
            case .apply:
                try await database.apply(
                    """
                    organization: acme
                    webhook_endpoints:
                      a_high: { url: "https://example.com/", secret: <<$secret.HOOK>> }
                      b_low: { url: "https://example.com/", secret: <<$secret.HOOK>> }
                    """)
            }
        }

        private func waitUntilBlocked(_ count: Int, _ database: TestDatabase) async throws {
            try await eventually("\(count) who wait for a lock") {
                try await database.value(
                    Int.self,
                    """
                    select count(*) from pg_stat_activity as a
                    where a.datname = current_database() and cardinality(pg_blocking_pids(a.pid)) > 0
                    """) >= count
            }
        }

        // MARK: Enabling meanwhile

        /// Something is known of the endpoint, and an answer of 410 is being recorded.
        private func withGone(
            holding event: String, _ body: (TestDatabase, StatementGate, ClaimedDelivery) async throws -> Void
        ) async throws {
            try await withClaimed([Self.low, Self.high]) { database, _, deliveries, claimed in
                _ = try await deliveries.record([attempt(claimed[0], .delivered)], disableAfter: .seconds(3600))
                try await StatementGate.with(database, event: event, on: "endpoint_health", if: "true") { gate in
                    async let recorded = deliveries.record([attempt(claimed[1], .failed)], disableAfter: .seconds(3600))
                    try await gate.waitUntilHeld()
                    try await body(database, gate, claimed[1])
                    #expect(try await recorded.map(\.change) == [.disabled])
                }
            }
        }

        private func enable(_ delivery: ClaimedDelivery, _ database: TestDatabase) async throws {
            try await EndpointStore(pool: database.pool).enable(delivery.endpoint, org: delivery.org)
        }

        @Test func aGoneEndpointIsDisabledThoughSomebodyEnablesItMeanwhile() async throws {
            // Before the health of the endpoint is locked.
            try await withGone(holding: "insert") { database, gate, delivery in
                try await enable(delivery, database)
                try await gate.open()
                try await eventually("the endpoint disabled") {
                    try await database.value(Bool.self, "select disabled_at is not null from public.webhook_endpoint")
                }
            }
        }

        @Test func whoeverEnablesAnEndpointWaitsForWhoDisablesIt() async throws {
            // While it is locked.
            try await withGone(holding: "update") { database, gate, delivery in
                async let enabling: Void = enable(delivery, database)
                try await waitUntilBlocked(2, database)
                try await gate.open()
                try await enabling
                let isEnabled = try await database.value(
                    Bool.self, "select disabled_at is null from public.webhook_endpoint")
                #expect(isEnabled)
            }
        }

        @Test func enablingLeavesWhatARateHasUsedUp() async throws {
            try await withClaimed([Self.low]) { database, _, deliveries, claimed in
                _ = try await deliveries.record(
                    [attempt(claimed[0], .retry(after: .seconds(60)))], disableAfter: .seconds(3600))
                _ = try await database.column(
                    Bool.self,
                    "update public.endpoint_health set paced_until = 'infinity', open_until = 'infinity', opened = 3 returning true"
                )
                try await EndpointStore(pool: database.pool).enable(claimed[0].endpoint, org: claimed[0].org)
                let left = try await database.value(
                    String.self,
                    "select concat_ws(' ', paced_until, open_until, opened, failing_since, attempts, failures) from public.endpoint_health"
                )
                #expect(left == "infinity 0 {0,0,0,0,0} {0,0,0,0,0}")
            }
        }
    }
}

import Contracts
import Logging
import Postgres
import Store
import Testing

extension IntegrationTests {
    /// That services find rows by key whatever the tables were like when their statements were planned (docs/decisions/0006).
    @Suite("Plans")
    struct PlanTests {
        /// Statistics of requests for one object each make it look as good to find an object by its request alone.
        @Test func aLargeResultIsReadByKeyAfterManySmallOnes() async throws {
            try await withDatabase(
                consistency: .waived(because: "its requests have objects and runs, and nothing else")
            ) {
                database in
                try await database.apply(CatalogueText(api: "http://127.0.0.1:1", webhooks: "http://127.0.0.1:1").yaml)
                for _ in 0..<300 { _ = try await store(1, in: database) }
                _ = try await database.pool.withConnection { connection in
                    try await connection.script("vacuum analyze public.request_object")
                    try await connection.script("vacuum analyze public.run_queue")
                }
                let sessions = ServiceSession.configuration(
                    url: database.url(of: .processor), service: "weir-processor", connections: 1)
                let pool = PostgresPool(configuration: sessions, logger: .silent)
                let results = ResultStore(pool: pool)
                let small = try await store(1, in: database)
                #expect(try await results.rows(of: small, positions: 0..<1, bytesMax: 1 << 20).rows.count == 1)
                let large = try await store(3_000, in: database)
                let before = try await indexEntriesRead(pool)
                #expect(try await results.rows(of: large, positions: 0..<1_000, bytesMax: 1 << 20).rows.count == 1_000)
                // One for each run's object; all objects of the request for each run would be three million.
                #expect(try await indexEntriesRead(pool) - before < 5_000)
                await pool.close()
            }
        }

        private func store(
            _ objects: Int, in database: TestDatabase, state: String = "done"
        ) async throws -> ActivityRequestID {
            let id = try await database.value(
                ActivityRequestID.self,
                """
                insert into public.activity_request (org_id, activity_id, state, content)
                select a.org_id, a.id, 'in_progress', '{}' from public.activity as a where a.key = 'quiet'
                returning id
                """)
            for rows in [
                "insert into public.request_progress (org_id, activity_request_id) select r.org_id, r.id",
                """
                insert into public.request_object (org_id, activity_request_id, position, object_id, name)
                select r.org_id, r.id, k, utils.uuid_v7(), 'object ' || k
                """,
                """
                insert into public.run_queue (org_id, activity_request_id, source_id, position, state)
                select r.org_id, r.id, utils.uuid_v7(), k, '\(state)'
                """,
            ] {
                let each =
                    rows.contains(" k,")
                    ? "cross join generate_series(0, $2 - 1) as k" : "cross join (values ($2)) as n"
                _ = try await database.column(
                    Bool.self, "\(rows) from public.activity_request as r \(each) where r.id = $1 returning true", id,
                    Int32(objects))
            }
            return id
        }

        /// Entries that have been read so far from the indexes of a table, and of its partitions.
        private func indexEntriesRead(_ pool: PostgresPool, of table: String = "request_object") async throws -> Int64 {
            _ = try await pool.execute(Statement("flush", "select true from pg_stat_force_next_flush()"))
            return try await pool.execute(
                Statement(
                    "read",
                    """
                    select sum(i.idx_tup_read)::bigint from pg_stat_user_indexes as i
                    where i.relid in (select to_regclass('public.' || $1)
                                      union all select h.inhrelid from pg_inherits as h
                                      where h.inhparent = to_regclass('public.' || $1))
                    """), table
            )[0].decode(Int64.self, at: 0)
        }
    }
}

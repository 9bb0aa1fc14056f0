import Contracts
import JSON
import Postgres
import Testing

extension IntegrationTests {
    /// Answers that are right in every way but that Postgres does not take, or does not come to an end with. A constraint or a trigger of the
    /// test's own stands for whatever its reason may be.
    @Suite("Bisection")
    struct BisectionTests {
        static let obstacles = [
            (
                "alter table public.value add constraint taste check (value::text not like '\"poison%')",
                reason:
                    "the answer holds a value that the database cannot store: new row for relation \"value\" violates check constraint \"taste\""
            ),
            (
                """
                create function public.tarry() returns trigger language plpgsql as $$
                begin
                    if new.value::text like '"poison%' then
                        raise 'canceling statement due to statement timeout' using errcode = 'query_canceled';
                    end if;
                    return new;
                end
                $$;
                create trigger tarry before insert on public.value for each row execute function public.tarry()
                """,
                reason:
                    "storing what the answer holds asks too much of the database (canceling statement due to statement timeout); "
                    + "map less of it, or let the database have more time"
            ),
        ]

        @Test(arguments: obstacles)
        func oneUnstorableAnswerFailsItsRunAndNoOther(obstacle: String, reason: String) async throws {
            try await withPlatform { platform in
                _ = try await platform.database.pool.withConnection { connection in
                    try await connection.script(obstacle)
                }
                let poison = Set([0, 77, 78, 250, 399].map { "poison \($0)" })
                let names = (0..<400).map { poison.contains("poison \($0)") ? "poison \($0)" : "object \($0)" }
                let id = try await platform.client.submit(names)
                let request = try await platform.client.wait(for: id, toBe: "delivered")
                #expect(request["runs"]?["failed"]?.intValue == poison.count)
                #expect(request["runs"]?["done"]?.intValue == names.count - poison.count)
                #expect(request["failures"]?[0]?["substate"] == "unstorable")
                #expect(request["failures"]?[0]?["reason"]?.stringValue == reason)
                let lines = try await platform.client.get("/v1/activity-requests/\(id)/result?format=ndjson").lines
                #expect(lines.map { $0["object"]?.stringValue } == names)
                let wrong = lines.filter { line in
                    let isBad = line["object"]?.stringValue.map(poison.contains) ?? true
                    return line["error"]?["state"] != (isBad ? "failed" : nil)
                        || line["values"]?.objectValue?.count != (isBad ? 0 : 5)
                }
                #expect(wrong.isEmpty, "\(wrong.prefix(3))")
                #expect(platform.api.calls.values.allSatisfy { $0 == 1 })
            }
        }

        /// Between the attempt that finds the bad run and the one that fails it, another processor may take it: what comes instead is not
        /// failed in its place.
        @Test func theRunThatComesInsteadOfTheBadOneIsNotFailedForIt() async throws {
            var options = Platform.Options()
            options.shared = ["WEIR_PROCESSOR_CONCURRENCY": "1"]
            try await withPlatform(options) { platform in
                let database = platform.database
                try await platform.kill9(.processor)
                let id = try await platform.client.submit(["poison", "object"])
                try await eventually("two answers") {
                    try await database.value(Int.self, "select count(*) from public.run_result") == 2
                }
                let isPoison = "exists (select from given where value::text like '\"poison%')"
                try await StatementGate.with(
                    database, event: "insert", on: "value",
                    if: "\(isPoison) and (select count(distinct run_id) from given) = 1", refusing: (isPoison, "22P05")
                ) { gate in
                    try await platform.start(.processor)
                    // The attempt that finds out which run is bad.
                    try await gate.waitUntilHeld()
                    try await database.pool.transaction { other in
                        async let taken: Void = takeBadRun(in: other, database)
                        try await eventually("somebody who waits for the sources") {
                            try await database.value(
                                Bool.self,
                                """
                                select exists (
                                    select from pg_locks as l join pg_database as d on d.oid = l.database
                                    where l.locktype = 'relation' and not l.granted and d.datname = current_database())
                                """)
                        }
                        try await gate.open()
                        try await taken
                        let good = try await eventually("the end of the good run") {
                            let found = try await state(of: "object", database)
                            return ["done", "failed"].contains(found) ? found : nil
                        }
                        #expect(good == "done", "it was failed for another one")
                    }
                }
                let request = try await platform.client.wait(for: id, toBe: "delivered")
                #expect(request["runs"]?["failed"] == 1 && request["runs"]?["done"] == 1)
                let bad = try await state(of: "poison", database)
                #expect(bad == "failed" && request["failures"]?[0]?["substate"] == "unstorable")
            }
        }

        /// Picking reads the sources: whoever has them all to himself keeps the processor from picking until the bad run is taken. The lock
        /// is granted when the attempt under way ends.
        private func takeBadRun(in other: PostgresTransaction, _ database: TestDatabase) async throws {
            try await database.pool.transaction { sources in
                try await sources.script("lock table public.source in access exclusive mode")
                try await other.script(
                    """
                    select from public.run_queue as r join public.request_object as o
                      on o.activity_request_id = r.activity_request_id and o.position = r.position
                    where o.name = 'poison' for no key update of r
                    """)
            }
        }

        private func state(of object: String, _ database: TestDatabase) async throws -> String {
            try await database.value(
                String.self,
                """
                select r.state::text from public.run_queue as r join public.request_object as o
                  on o.activity_request_id = r.activity_request_id and o.position = r.position
                where o.name = $1
                """, object)
        }
    }
}

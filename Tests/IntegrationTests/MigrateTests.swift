import Foundation
import JSON
import Postgres
import Testing

extension IntegrationTests {
    /// `weir migrate` as a process of its own.
    @Suite("weir migrate")
    struct MigrateTests {
        @Test func upBringsAnEmptyDatabaseToTheNewestSchemaAndSaysWhenThereIsNothingToDo() async throws {
            try await withDatabase(isMigrated: false) { database in
                try await WeirProgram.with(database: database) { weir in
                    let before = try await standings(weir)
                    #expect(!before.isEmpty && before.allSatisfy { $0.standing == "pending" })
                    let unready = try await weir.run("migrate", "verify")
                    #expect(unready.status == 1 && unready.errors.contains("weir migrate up"), "\(unready)")

                    let up = try await weir.run("migrate", "up", "--json")
                    #expect(up.status == 0, "\(up)")
                    #expect(up.json["applied"]?.arrayValue?.compactMap(\.stringValue) == before.map(\.name))
                    let after = try await standings(weir)
                    #expect(after.map(\.name) == before.map(\.name) && after.allSatisfy { $0.standing == "applied" })
                    let verified = try await weir.run("migrate", "verify")
                    #expect(verified.status == 0, "\(verified)")
                    let again = try await weir.run("migrate", "up")
                    #expect(again.status == 0 && again.lines == ["The schema is up to date."], "\(again)")
                }
            }
        }

        @Test func downAndUpAgainKeepsTheRowsOfWhatStays() async throws {
            try await withDatabase { database in
                try await WeirProgram.with(database: database) { weir in
                    try await database.apply(
                        CatalogueText(api: "http://127.0.0.1:1", webhooks: "http://127.0.0.1:1").yaml)
                    _ = try await database.column(
                        String.self,
                        """
                        insert into public.activity_request (org_id, activity_id, content)
                        select org_id, id, '{"objects": ["Abel"]}' from public.activity returning id::text
                        """)
                    let rows = try await content(database)
                    let all = try await standings(weir)
                    let newest = try #require(all.last)

                    let down = try await weir.run("migrate", "down", "--json")
                    #expect(down.status == 0 && down.json["reverted"] == [.string(newest.name)], "\(down)")
                    let lowered = try await standings(weir)
                    #expect(lowered.map(\.standing) == all.dropLast().map { _ in "applied" } + ["pending"])
                    let lowRows = try await content(database)
                    // Columns may have come with the newest; those that were there before hold what they held.
                    #expect(lowRows.count == rows.count)
                    for (low, high) in zip(lowRows, rows) {
                        #expect(low.allSatisfy { high[$0.key] == $0.value }, "\(low) of \(high)")
                    }

                    let up = try await weir.run("migrate", "up", "--json")
                    #expect(up.status == 0 && up.json["applied"] == [.string(newest.name)], "\(up)")
                    let highRows = try await content(database)
                    #expect(highRows == rows)
                    let above = try await weir.run("migrate", "down", "--to", "\(all.count + 1)")
                    #expect(above.status == 1 && above.errors.contains("there is no way down to"), "\(above)")
                }
            }
        }

        @Test func aFileThatWasEditedAfterItHadRunIsRefused() async throws {
            try await withDatabase { database in
                try await WeirProgram.with(database: database) { weir in
                    let copy = weir.directory.appending(path: "migrations")
                    try FileManager.default.copyItem(
                        at: TestDatabase.packageRoot.appending(path: "migrations"), to: copy)
                    let same = try await weir.run("migrate", "verify", "--migrations", copy.path)
                    #expect(same.status == 0, "\(same)")

                    let name = "0002_create_catalogue"
                    let file = copy.appending(path: "\(name).sql")
                    let text = try String(contentsOf: file, encoding: .utf8)
                    try (text + "\n-- an afterthought\n").write(to: file, atomically: false, encoding: .utf8)
                    let edited = try await weir.run("migrate", "verify", "--migrations", copy.path)
                    #expect(edited.status == 1 && edited.errors.contains("\(name): edited"), "\(edited)")
                    for direction in [["up"], ["down", "--to", "0"]] {
                        let process = try weir.process(["migrate"] + direction + ["--migrations", copy.path])
                        try await process.start()
                        let status = await process.exitStatus()
                        #expect(status == 1 && process.errors.contains("\(name) was edited"), "\(process.errors)")
                    }
                    let untouched = try await weir.run("migrate", "verify")
                    #expect(untouched.status == 0, "\(untouched)")
                }
            }
        }

        @Test func ofSeveralThatMigrateAtOnceOneDoesItAndTheOthersWait() async throws {
            try await withDatabase(isMigrated: false) { database in
                try await WeirProgram.with(database: database) { weir in
                    // Nobody goes on before all are there.
                    let migrating = try await database.pool.withConnection { connection in
                        try await connection.script("select pg_advisory_lock(hashtext('weir.migrate'))")
                        async let outcomes = withThrowingTaskGroup(of: WeirProgram.Outcome.self) { group in
                            for _ in 0..<3 { group.addTask { try await weir.run("migrate", "up", "--json") } }
                            return try await group.reduce(into: []) { $0.append($1) }
                        }
                        try await eventually("three migrators that wait") {
                            try await database.value(
                                Int.self, "select count(*) from pg_locks where locktype = 'advisory' and not granted")
                                == 3
                        }
                        try await connection.script("select pg_advisory_unlock(hashtext('weir.migrate'))")
                        return try await outcomes
                    }
                    let applied = migrating.compactMap { $0.json["applied"]?.arrayValue?.count }.sorted()
                    #expect(migrating.allSatisfy { $0.status == 0 }, "\(migrating)")
                    #expect(applied.count == 3 && applied[0] == 0 && applied[1] == 0 && applied[2] > 0, "\(migrating)")
                    let verified = try await weir.run("migrate", "verify")
                    #expect(verified.status == 0, "\(verified)")
                }
            }
        }

        private func standings(_ weir: WeirProgram) async throws -> [(name: String, standing: String)] {
            let outcome = try await weir.run("migrate", "status", "--json")
            guard outcome.status == 0, let entries = outcome.json.arrayValue else { throw HarnessError("\(outcome)") }
            return entries.map { ($0["name"]?.stringValue ?? "", $0["standing"]?.stringValue ?? "") }
        }

        /// Rows of some tables, in an order that their columns do not change.
        private func content(_ database: TestDatabase) async throws -> [JSONObject] {
            let rows = try await database.column(
                String.self,
                """
                select to_jsonb(t.r)::text
                from (select r.id, to_jsonb(r) as r from public.activity_request as r
                      union all select s.id, to_jsonb(s) from public.source as s
                      union all select d.id, to_jsonb(d) from public.datapoint as d) as t
                order by t.id
                """)
            return try rows.map { try #require(try JSONValue(parsing: Array($0.utf8)).objectValue) }
        }
    }
}

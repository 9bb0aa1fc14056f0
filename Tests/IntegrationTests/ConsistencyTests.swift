import Postgres
import Testing

extension IntegrationTests {
    /// `etl_api.check_state_consistency` on what the services write. That it finds what is wrong, rule by rule, is shown in
    /// `Tests/pgtap/consistency.sql`; that it finds nothing after a test, by every test.
    @Suite("Consistency of states")
    struct ConsistencyTests {
        @Test func nothingContradictsAnythingWhileWorkIsUnderWay() async throws {
            try await withPlatform { platform in
                platform.api.gate.close(after: 40)
                let id = try await platform.client.submit((0..<60).map { "Object \($0)" })
                try await eventually("calls under way") { platform.api.gate.heldBack > 0 }
                var differences = try await platform.database.stateDifferences()
                platform.api.gate.open()
                var state = ""
                while state != "delivered" && differences.isEmpty {
                    differences = try await platform.database.stateDifferences()
                    state = try await platform.database.value(
                        String.self, "select state::text from public.activity_request where id::text = $1", id)
                }
                #expect(differences == [])
            }
        }

        @Test func whatIsWrongIsSaid() async throws {
            try await withDatabase(consistency: .waived(because: "a run of its own is in progress for nobody")) {
                database in
                let request = try await StoredRequest(database)
                try await request.expand()
                let before = try await database.stateDifferences()
                #expect(before == [])
                let run = try await database.value(
                    String.self,
                    """
                    update public.run_queue set state = 'in_progress'
                    where id = (select id from public.run_queue limit 1) returning id::text
                    """)
                let after = try await database.stateDifferences()
                #expect(
                    after == [
                        "a run in progress is served by an exchange in progress: run_queue \(run) should be "
                            + "an exchange in progress that lists the run and is no exchange"
                    ])
            }
        }
    }
}

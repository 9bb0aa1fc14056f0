import JSON
import Postgres
import Testing

extension IntegrationTests {
    /// What docs/operations.md says of services on a schema that is newer than they are.
    @Suite("Upgrades")
    struct UpgradeTests {
        private static let names = (0..<400).map { "object \($0)" }
        /// Executor and processor, intake and delivery have nothing to go by without these.
        private static let tables = ["run_result", "activity_request"]

        @Test func servicesWhoseStatementsDoNotFitTryAgainAndLoseNothing() async throws {
            try await withPlatform { platform in
                platform.api.gate.close(after: 100)
                let id = try await platform.client.submit(Self.names)
                try await eventually("calls that are not answered yet") { platform.api.gate.heldBack > 0 }
                try await eventually("answers that are recorded") { try await !RecordedCalls(platform).calls.isEmpty }

                for table in Self.tables { try await rename(table, to: table + "_of_another_version", platform) }
                platform.api.gate.open()
                try await eventually("an executor that cannot record") {
                    log(of: .executor, platform).contains("does not exist")
                }
                let answer = try await platform.client.get("\(IntakeClient.requests)/\(id)")
                #expect(answer.status == 503 && answer.code == "unavailable", "\(answer.status) \(answer.json)")

                for table in Self.tables { try await rename(table + "_of_another_version", to: table, platform) }
                _ = try await platform.client.wait(for: id, toBe: "delivered")
                #expect(platform.api.calls.count == Self.names.count)
                #expect(platform.api.calls.allSatisfy { $0.value == 1 })
                #expect(platform.webhooks.received.count == 1)
                let lines = try await platform.client.get("\(IntakeClient.requests)/\(id)/result?format=ndjson").lines
                #expect(lines.map { $0["object"]?.stringValue } == Self.names)
            }
        }

        /// As often as it takes: it may meet what the services do in a deadlock.
        private func rename(_ table: String, to name: String, _ platform: Platform) async throws {
            try await eventually("\(table) renamed") {
                let sql = "alter table public.\(table) rename to \(name)"
                return (try? await platform.database.pool.withConnection { try await $0.script(sql) }) != nil
            }
        }

        private func log(of service: ServiceName, _ platform: Platform) -> String {
            platform.logs.first { $0.instance.service == service }?.text ?? ""
        }
    }
}

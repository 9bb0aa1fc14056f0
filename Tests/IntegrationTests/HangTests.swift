import JSON
import TestServers
import Testing

extension IntegrationTests {
    /// All processes of Postgres stop where they are: connections stay, and nobody answers.
    @Suite("A database that hangs")
    struct HangTests {
        @Test func everybodyIsToldSoonAndWorkGoesOnAfterwards() async throws {
            var options = Platform.Options()
            let health = try FreePort.choose()
            options.variables[.intake] = ["WEIR_HEALTH_PORT": "\(health)"]
            try await withPlatform(options) { platform in
                let before = try await platform.client.submit(["Abel"])
                _ = try await platform.client.wait(for: before, toBe: "delivered")
                let readiness = "http://127.0.0.1:\(health)/readyz"
                try await eventually("intake ready") { try await platform.client.get(readiness).status == 200 }

                try platform.database.cluster.suspend()
                defer { try? platform.database.cluster.resume() }
                let unready = try await platform.client.get(readiness)
                #expect(unready.status == 503 && unready.json["checks"]?["postgres"] != "ok", "\(unready.json)")
                #expect(unready.json["checks"]?["bus"] == "ok")
                // The client that asks gives up after a minute.
                let answer = try await platform.client.get(IntakeClient.requests)
                #expect(answer.status == 503 && answer.code == "unavailable", "\(answer.status) \(answer.json)")
                #expect(answer.header("retry-after") == "1")
                try await expectTheDoctorToSeeIt(platform)

                try platform.database.cluster.resume()
                try await eventually("intake ready again") { try await platform.client.get(readiness).status == 200 }
                let after = try await eventually("a request accepted") {
                    try? await platform.client.submit(["Bebel"])
                }
                _ = try await platform.client.wait(for: after, toBe: "delivered")
            }
        }

        private func expectTheDoctorToSeeIt(_ platform: Platform) async throws {
            try await WeirProgram.with(variables: [
                "WEIR_DATABASE_URL": platform.database.administratorURL, "WEIR_URL": platform.publicURL,
                "WEIR_API_KEY": platform.client.key ?? "", "WEIR_BUS_ENDPOINTS": platform.busEndpoint,
            ]) { weir in
                let seen = try await weir.run("doctor", "--json")
                #expect(seen.status == 1, "\(seen)")
                for (subject, standing) in ["database": "fail", "intake": "fail", "bus": "ok"] {
                    let finding = seen.json.arrayValue?.first { $0["subject"]?.stringValue == subject }
                    #expect(finding?["standing"]?.stringValue == standing, "\(subject): \(seen)")
                }
            }
        }
    }
}

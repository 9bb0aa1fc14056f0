import Foundation
import JSON
import Testing

extension IntegrationTests {
    /// `weir doctor` and `weir keys` as processes of their own, on all of Weir behind the keys that they made.
    @Suite("weir doctor and weir keys")
    struct DoctorTests {
        @Test func theDoctorSeesWhatRunsAndWhatDoesNot() async throws {
            try await WeirProgram.with { keys in
                let directory = keys.directory.appending(path: "keys").path
                let created = try await keys.run("keys", "create", "--directory", directory)
                try #require(created.status == 0, "\(created)")
                var options = Platform.Options()
                options.shared = ["WEIR_BUS_KEYS": directory]
                try await withPlatform(options) { platform in
                    // The services reach the bus with these keys.
                    let id = try await platform.client.submit(["Abel"])
                    _ = try await platform.client.wait(for: id, toBe: "delivered")
                    var weir = keys
                    weir.variables.merge([
                        "WEIR_DATABASE_URL": platform.database.administratorURL, "WEIR_URL": platform.publicURL,
                        "WEIR_API_KEY": platform.client.key ?? "", "WEIR_BUS_ENDPOINTS": platform.busEndpoint,
                        "WEIR_BUS_KEYS": directory,
                    ]) { $1 }
                    let well = try await weir.run("doctor", "--json")
                    #expect(well.status == 0, "\(well)")
                    for subject in ["database", "schema", "partitions", "workers", "bus", "intake"] {
                        #expect(standing(of: subject, well) == "ok", "\(subject): \(well)")
                    }
                    #expect(text(of: "bus", well)?.contains("with CURVE keys") == true, "\(well)")

                    var other = weir
                    other.variables["WEIR_API_KEY"] = "weir_wrong"
                    let stranger = try await other.run("doctor", "--json")
                    #expect(stranger.status == 1 && standing(of: "intake", stranger) == "fail", "\(stranger)")
                    try await keepOut(weir, platform)
                }
            }
        }

        /// Once its key is revoked and the bus has started anew, the command line does not reach the bus.
        private func keepOut(_ weir: WeirProgram, _ platform: Platform) async throws {
            let shown = try await weir.run("keys", "show", "--json")
            let names = shown.json["clients"]?.arrayValue?.compactMap { $0["name"]?.stringValue } ?? []
            #expect(names == names.sorted() && Set(names).isSuperset(of: ["weir", "weir-executor"]), "\(shown)")
            let mistyped = try await weir.run("keys", "revoke", "weir-exekutor")
            #expect(mistyped.status == 1 && mistyped.errors.contains("did you mean 'weir-executor'?"), "\(mistyped)")
            // Somebody has a copy of the key: it is the bus that must refuse it.
            let copy = weir.directory.appending(path: "copy").path
            try FileManager.default.copyItem(atPath: weir.directory.appending(path: "keys").path, toPath: copy)
            let revoked = try await weir.run("keys", "revoke", "weir")
            #expect(revoked.status == 0, "\(revoked)")
            let after = try await weir.run("keys", "show", "--json")
            #expect(
                after.json["clients"]?.arrayValue?.compactMap { $0["name"]?.stringValue }
                    == names.filter { $0 != "weir" })
            let status = try await platform.terminate(.bus)
            #expect(status == 0)
            try await platform.start(.bus)
            let outside = try await weir.run("doctor", "--json", "--bus-keys", copy)
            #expect(outside.status == 1 && standing(of: "bus", outside) == "fail", "\(outside)")
            let id = try await platform.client.submit(["Bebel"])
            _ = try await platform.client.wait(for: id, toBe: "delivered")
        }

        @Test func aSchemaThatIsNotThereIsAFailureWithItsRemedy() async throws {
            try await withDatabase(isMigrated: false) { database in
                try await WeirProgram.with(database: database) { weir in
                    let outcome = try await weir.run("doctor", "--json")
                    #expect(outcome.status == 1 && standing(of: "database", outcome) == "ok", "\(outcome)")
                    let schema = outcome.json.arrayValue?.first { $0["subject"] == "schema" }
                    #expect(schema?["standing"] == "fail", "\(outcome)")
                    #expect(schema?["remedy"]?.stringValue?.contains("weir migrate up") == true, "\(outcome)")
                }
            }
        }

        private func standing(of subject: String, _ outcome: WeirProgram.Outcome) -> String? {
            outcome.json.arrayValue?.first { $0["subject"]?.stringValue == subject }?["standing"]?.stringValue
        }

        private func text(of subject: String, _ outcome: WeirProgram.Outcome) -> String? {
            outcome.json.arrayValue?.first { $0["subject"]?.stringValue == subject }?["text"]?.stringValue
        }
    }
}

import Foundation
import JSON
import Testing

extension IntegrationTests {
    /// How good data is, asked over HTTP and with `weir quality`.
    @Suite("Data quality")
    struct QualityTests {
        @Test func aRequestAndItsSourcesAreJudgedAndWhatToDoIsSaid() async throws {
            try await withPlatform { platform in
                let id = try await askTwoSources(platform)
                let client = platform.client
                let answer = try await client.get("\(IntakeClient.requests)/\(id)/quality")
                #expect(answer.status == 200)
                let quality = answer.json
                #expect(quality["request"] == .string(id))
                #expect(quality["runs"]?["total"] == 10 && quality["runs"]?["open"] == 0, "\(quality)")
                #expect(quality["runs"]?["is_cut"] == false)

                let founded = try #require(row(quality, "coverage", ["source": "registry", "datapoint": "founded"]))
                #expect(founded["objects"] == 5 && founded["unanswered"] == 2 && founded["percent"] == 0, "\(founded)")
                #expect(
                    founded["advice"]?.stringValue?.contains("its path never matched") == true
                        && founded["advice"]?.stringValue?.contains("weir source test registry") == true, "\(founded)")
                let employees = try #require(
                    row(quality, "coverage", ["source": "directory", "datapoint": "employees"]))
                #expect(
                    employees["with_value"] == 5 && employees["percent"] == 100 && employees["advice"] == .null,
                    "\(employees)")

                let conversion = try #require(quality["failed_conversions"]?[0])
                #expect(
                    conversion["datapoint"] == "employees" && conversion["found"] == "many"
                        && conversion["objects"] == ["beta"] && conversion["path"] == "$.data.profile.employees",
                    "\(conversion)")
                let conflict = try #require(row(quality, "conflicting_values", ["datapoint": "employees"]))
                let values = try #require(conflict["examples"]?[0]?["values"]?.arrayValue)
                #expect(conflict["count"] == 1 && conflict["examples"]?[0]?["object"] == "alpha", "\(conflict)")
                #expect(values.map { $0["source"] } == ["directory", "registry"])
                #expect(values.map { $0["value"] } == [42, 7])
                let kinds = quality["empty_answers"]?.arrayValue?.compactMap { $0["kind"]?.stringValue }.sorted()
                #expect(kinds == ["empty", "nothing_mapped"], "\(quality)")
                let failure = try #require(row(quality, "failed_runs", ["substate": "http_404"]))
                #expect(
                    failure["objects"] == ["delta"]
                        && failure["advice"]?.stringValue?.contains("action: no_data") == true, "\(failure)")

                try await WeirProgram.with(variables: [
                    "WEIR_URL": platform.publicURL, "WEIR_API_KEY": try #require(client.key),
                ]) { weir in
                    let table = try await weir.run("quality", id)
                    #expect(table.status == 0 && table.errors.isEmpty, "\(table)")
                    #expect(table.lines.first == "request \(id): 10 runs", "\(table)")
                    for line in [
                        "registry   founded           5      0     0        3          2       0 %",
                        "employees        1  alpha: 42 (directory), 7 (registry)",
                    ] { #expect(table.lines.contains(line), "\(line) is missing: \(table)") }
                    let programs = try await weir.run("quality", id, "--json")
                    #expect(programs.json == quality, "\(programs)")

                    let source = try await weir.run("quality", "--source", "registry", "--since", "1h", "--json")
                    #expect(source.json["source"] == "registry" && source.json["runs"]?["total"] == 5, "\(source)")
                    #expect(source.json["conflicting_values"]?[0]?["count"] == 1, "\(source)")
                    let other = try await weir.run("quality", "--source", "regestry")
                    #expect(other.status == 1 && other.errors.contains("There is no source \"regestry\""), "\(other)")
                    #expect(other.errors.contains("registry"), "\(other)")
                    let both = try await weir.run("quality", id, "--source", "registry")
                    #expect(both.status == 2, "\(both)")
                }
            }
        }

        @Test func anotherOrganizationSeesNothingAndQuestionsAreChecked() async throws {
            var options = Platform.Options()
            options.organizations = ["acme", "globex"]
            try await withPlatform(options) { platform in
                let id = try await platform.client.submit(["alpha"])
                _ = try await platform.client.wait(for: id, toBe: "delivered")
                let globex = try #require(platform.clients["globex"])
                let foreign = try await globex.get("\(IntakeClient.requests)/\(id)/quality")
                #expect(foreign.status == 404 && foreign.code == "not_found")
                let own = try await globex.get("/v1/sources/registry/quality")
                #expect(own.status == 200 && own.json["runs"]?["total"] == 0, "\(own.json)")
                let filled = try await platform.client.get("/v1/sources/registry/quality")
                #expect(filled.json["runs"]?["total"] == 1, "\(filled.json)")
                for question in ["since=yesterday", "since=2999-01-01T00:00:00Z", "until=now"] {
                    let refused = try await globex.get("/v1/sources/registry/quality?\(question)")
                    #expect(refused.status == 422 && refused.code == "invalid_request", "\(question): \(refused.json)")
                }
            }
        }

        /// Five companies, asked of the registry, whose answers are bad in every way, and of the directory, which knows all.
        private func askTwoSources(_ platform: Platform) async throws -> String {
            let text = CatalogueText(api: platform.api.url, webhooks: platform.webhooks.url).yaml
                .replacing(
                    "quiet: { type: enrichment, object_type: company, sources: [registry] }",
                    with: "quiet: { type: enrichment, object_type: company, sources: [registry, directory] }"
                )
                .replacing("founded: [\"data\", profile, founded]", with: "founded: [\"data\", profile, founded_in]")
            try await platform.database.apply(text)
            platform.api.script("alpha", [.json(#"{"data":{"name":"alpha","profile":{"employees":7}}}"#)])
            platform.api.script(
                "beta", [.json(#"{"data":{"name":"beta","profile":{"employees":"many","note":null}}}"#)])
            platform.api.script("gamma", [.json("{}")])
            platform.api.script("delta", [.status(404)])
            platform.api.script("epsilon", [.status(200)])
            let id = try await platform.client.submit(
                ["alpha", "beta", "gamma", "delta", "epsilon"], activity: "quiet")
            _ = try await platform.client.wait(for: id, toBe: "done")
            return id
        }

        private func row(_ quality: JSONValue, _ list: String, _ members: [String: JSONValue]) -> JSONValue? {
            quality[list]?.arrayValue?.first { row in members.allSatisfy { row[$0.key] == $0.value } }
        }
    }
}

import Foundation
import JSON
import Testing

extension IntegrationTests {
    /// Workflows as `weir apply` writes them and `weir workflow` shows them.
    @Suite("Workflows in the catalogue")
    struct WorkflowCatalogueTests {
        /// The ids of activities by key.
        private func ids(_ database: TestDatabase) async throws -> [String: String] {
            Dictionary(
                try await database.column(String.self, "select key || ' ' || id from public.activity").map { line in
                    let parts = line.split(separator: " ").map(String.init)
                    return (parts[0], parts[1])
                }, uniquingKeysWith: { first, _ in first })
        }

        @Test func theStoredStepsNameActivitiesByTheirIDsAndApplyingTwiceChangesNothing() async throws {
            try await withDatabase { database in
                try await WeirProgram.with(database: database) { weir in
                    let example = TestDatabase.packageRoot.appending(path: "examples/prospects.yaml").path
                    let first = try await weir.run("apply", "-f", example, "--json")
                    try #require(first.status == 0, "\(first)")
                    #expect(first.json["created"]?.arrayValue?.contains { $0["key"] == "demo/find_prospects" } == true)
                    let ids = try await ids(database)
                    let (search, profile) = (
                        try #require(ids["search_prospects"]), try #require(ids["profile_prospects"])
                    )
                    let data = try JSONValue(
                        parsing: try await database.value(String.self, "select data::text from public.workflow"))
                    #expect(
                        data["search"] == [
                            "id": .string(search), "type": "activity",
                            "setup": ["config": ["phase": 1, "max_objects": 100, "on_failure": "stop"]],
                            "destination": ["activity": ["id": [.string(profile)]]],
                        ])
                    let written = try await database.value(String.self, "select xmin::text from public.workflow")

                    let again = try await weir.run("apply", "-f", example)
                    #expect(again.lines.last?.hasPrefix("0 created, 0 changed, ") == true, "\(again)")
                    let kept = try await database.value(String.self, "select xmin::text from public.workflow")
                    #expect(kept == written, "the second time wrote something")
                }
            }
        }

        @Test func anIDInAFileIsThatOfTheActivityAndAChangeIsWritten() async throws {
            try await withDatabase { database in
                try await WeirProgram.with(database: database) { weir in
                    let example = try String(
                        contentsOf: TestDatabase.packageRoot.appending(path: "examples/prospects.yaml"), encoding: .utf8
                    )
                    let byKeys = try weir.write(example, to: "keys.yaml")
                    _ = try await weir.run("apply", "-f", byKeys)
                    let profile = try #require(try await ids(database)["profile_prospects"])
                    let named = example.replacing("id: profile_prospects", with: "id: \(profile.uppercased())")
                        .replacing("id: [profile_prospects]", with: "id: [\(profile)]")
                    let byIDs = try weir.write(named, to: "ids.yaml")
                    let same = try await weir.run("apply", "-f", byIDs)
                    #expect(same.lines.last?.hasPrefix("0 created, 0 changed, ") == true, "\(same)")
                    // The plan knows them as well, and is the same.
                    let plans = try await (
                        weir.run("workflow", "plan", byKeys, "--json"),
                        weir.run("workflow", "plan", byIDs, "--json")
                    )
                    #expect(plans.1.status == 0 && plans.1.json == plans.0.json, "\(plans.1)")

                    let changed = named.replacing("max_objects: 100", with: "max_objects: 70")
                    let made = try await weir.run("apply", "-f", try weir.write(changed, to: "changed.yaml"))
                    #expect(made.lines.contains("data.search.setup.config.max_objects: 100 → 70"), "\(made)")
                    let stored = try await database.value(
                        String.self, "select data #>> '{search,setup,config,max_objects}' from public.workflow")
                    #expect(stored == "70")

                    let unknown = named.replacing(profile, with: "01a1fdaa-e92e-7552-a4dd-a93d69303891")
                    let wrong = try weir.write(unknown, to: "unknown.yaml")
                    let refused = try await weir.run("apply", "-f", wrong)
                    #expect(refused.status == 1, "\(refused)")
                    #expect(
                        refused.errors.contains("is not the activity of a step (rule destination_is_a_step)"),
                        "\(refused)")
                    let plan = try await weir.run("workflow", "plan", wrong)
                    #expect(plan.status == 1 && plan.errors.contains("rule destination_is_a_step"), "\(plan)")
                }
            }
        }

        @Test func aBrokenRuleIsNamedWithItsPlaceAndNothingIsApplied() async throws {
            try await withDatabase { database in
                try await WeirProgram.with(database: database) { weir in
                    let example = try String(
                        contentsOf: TestDatabase.packageRoot.appending(path: "examples/prospects.yaml"), encoding: .utf8
                    )
                    let faulty = example.replacing("phase: 3", with: "phase: 5")
                    let line =
                        try #require(
                            faulty.split(separator: "\n", omittingEmptySubsequences: false).firstIndex {
                                $0.contains("phase: 5")
                            }) + 1
                    let file = try weir.write(faulty, to: "faulty.yaml")
                    let outcome = try await weir.run("apply", "-f", file)
                    #expect(outcome.status == 1 && outcome.output.isEmpty, "\(outcome)")
                    #expect(
                        outcome.errors.contains(
                            "\(file):\(line):28: workflows.find_prospects.data.qualify.setup.config.phase: phase 5 has nothing in phase 4 before it (rule phases_are_consecutive)"
                        ), "\(outcome)")
                    let count = try await database.value(Int64.self, "select count(*) from public.workflow")
                    #expect(count == 0)
                    let plan = try await weir.run("workflow", "plan", file)
                    #expect(plan.status == 1 && plan.errors.contains("phases_are_consecutive"), "\(plan)")
                }
            }
        }

        // MARK: What intake says of them

        /// Runs `weir` as a client of an organization, which needs no database.
        private func withClient(
            of organization: String, _ platform: Platform, _ body: (WeirProgram) async throws -> Void
        ) async throws {
            let key = try await platform.database.makeKey(of: organization)
            try await WeirProgram.with(variables: ["WEIR_URL": platform.publicURL, "WEIR_API_KEY": key], body)
        }

        @Test func endpointsAreWrittenAndShown() async throws {
            try await withPlatform(.init(services: [.intake], organizations: ["acme", "globex"])) { platform in
                let text =
                    CatalogueText(api: "http://127.0.0.1:4001", webhooks: "http://127.0.0.1:4002").yaml + """

                        workflows:
                          only:
                            webhook_endpoints: [receiver]
                            data: {"one": {"id": "enrich", "setup": {"config": {"phase": 1}}}}
                        """
                try await WeirProgram.with(database: platform.database) { weir in
                    let file = try weir.write(text, to: "catalogue.yaml")
                    let made = try await weir.run("apply", "-f", file)
                    try #require(made.status == 0, "\(made)")
                    let again = try await weir.run("apply", "-f", file)
                    #expect(again.lines.last?.hasPrefix("0 created, 0 changed, ") == true, "\(again)")
                }
                try await withClient(of: "acme", platform) { weir in
                    let list = try await weir.run("workflow", "list", "--json")
                    #expect(
                        list.json == [
                            [
                                "organization": "acme", "workflow": "only", "name": "only", "phases": 1, "steps": 1,
                                "endpoints": ["receiver"],
                            ]
                        ], "\(list)")
                    let table = try await weir.run("workflow", "list")
                    #expect(table.lines.count == 2 && table.lines[1].hasSuffix("receiver"), "\(table)")
                }
                try await withClient(of: "globex", platform) { weir in
                    let nobody = try await weir.run("workflow", "list")
                    #expect(nobody.status == 0 && nobody.errors.contains("There are no workflows"), "\(nobody)")
                }
            }
        }

        @Test func thePlanOfAFileAndThatOfIntakeAreTheSame() async throws {
            try await withPlatform(.init(services: [.intake])) { platform in
                let example = TestDatabase.packageRoot.appending(path: "examples/prospects.yaml").path
                try await WeirProgram.with(database: platform.database) { weir in
                    _ = try await weir.run("apply", "-f", example)
                }
                try await withClient(of: "demo", platform) { weir in
                    let ofFile = try await weir.run("workflow", "plan", example)
                    try #require(ofFile.status == 0, "\(ofFile)")
                    #expect(
                        ofFile.lines.map {
                            $0.split(separator: " ", omittingEmptySubsequences: true).joined(separator: " ")
                        }
                        .dropFirst() == [
                            "PHASE STEP ACTIVITY OBJECTS RUNS CALLS FLOWS TO ON FAILURE",
                            "1 search search_prospects up to 100 1 1 profile stop",
                            "2 profile profile_prospects up to 100 up to 100 up to 2 qualify continue",
                            "3 qualify qualify_prospects up to 100 up to 100 up to 100 continue",
                            "all steps up to 201 up to 103",
                        ], "\(ofFile)")
                    let ofIntake = try await weir.run("workflow", "plan", "find_prospects")
                    #expect(ofIntake.output == ofFile.output, "\(ofIntake)")
                    let json = try await weir.run("workflow", "plan", "find_prospects", "--json").json
                    #expect(
                        json["calls"] == ["count": 103, "exact": false] && json["steps"]?[0]?["runs"]?["exact"] == true)
                    let unknown = try await weir.run("workflow", "plan", "find_prospect")
                    #expect(
                        unknown.status == 2 && unknown.errors.contains("did you mean 'find_prospects'?"), "\(unknown)")

                    // One that was taken away comes back when it is applied.
                    _ = try await platform.database.column(
                        String.self, "update public.workflow set deleted_at = now() returning key")
                    let gone = try await weir.run("workflow", "plan", "find_prospects")
                    #expect(gone.status == 2 && gone.errors.contains("There is no workflow"), "\(gone)")
                    try await WeirProgram.with(database: platform.database) { owner in
                        let back = try await owner.run("apply", "-f", example)
                        #expect(back.lines.contains("created  workflow demo/find_prospects"), "\(back)")
                    }
                    let plan = try await weir.run("workflow", "plan", "find_prospects")
                    #expect(plan.status == 0, "\(plan)")

                    // What has become of an activity shows before anything is asked for.
                    _ = try await platform.database.column(
                        String.self,
                        "update public.activity set deleted_at = now() where key = 'profile_prospects' returning key")
                    let broken = try await weir.run("workflow", "plan", "find_prospects")
                    #expect(broken.status == 1 && broken.errors.contains("cannot begin"), "\(broken)")
                }
            }
        }
    }
}

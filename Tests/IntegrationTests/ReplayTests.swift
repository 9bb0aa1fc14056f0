import Contracts
import JSON
import Store
import Testing

extension IntegrationTests {
    /// Stored answers are mapped anew, and no API is called.
    @Suite("Replaying requests")
    struct ReplayTests {
        /// The catalogue with another mapping: names come from elsewhere, notes are not read any more, and what was text is a number.
        private func revised(_ platform: Platform) -> String {
            CatalogueText(api: platform.api.url, webhooks: platform.webhooks.url).yaml
                .replacing(
                    "legal_name: [\"data\", profile, legal_name]",
                    with: "legal_name: [[\"data\", none], [\"data\", profile, industry]]"
                )
                .replacing("        note: [\"data\", profile, note]\n", with: "")
                .replacing("[\"results\", \"*\", name]", with: "[\"results\", \"*\", profile, legal_name]")
        }

        private func withWeir(_ platform: Platform, _ body: (WeirProgram, String) async throws -> Void) async throws {
            try await WeirProgram.with(
                variables: ["WEIR_URL": platform.publicURL, "WEIR_API_KEY": platform.client.key ?? ""]
            ) { weir in
                try await body(weir, try weir.write(revised(platform), to: "revised.yaml"))
            }
        }

        /// What is stored of a request's values, with what tells that a row was written anew.
        private func values(_ platform: Platform, of id: String) async throws -> [String] {
            try await platform.database.column(
                String.self,
                """
                select concat_ws(' ', o.original_object_value_name, d.key, v.value, v.xmin)
                from public.value as v
                join public.object as o on o.id = v.object_id join public.datapoint as d on d.id = v.datapoint_id
                where v.activity_request_id = $1::uuid order by 1
                """, id)
        }

        private func lines(_ platform: Platform, of id: String) async throws -> [JSONValue] {
            try await platform.client.get("/v1/activity-requests/\(id)/result?format=ndjson").lines
        }

        @Test func aDryRunShowsTheDifferenceAndAReplayMakesItWithoutACall() async throws {
            try await withPlatform { platform in
                platform.api.script("broken", [.json("<html>no JSON</html>")])
                let names = ["Abel", "Bebel", "broken"]
                let id = try await platform.client.submit(names)
                _ = try await platform.client.wait(for: id, toBe: "delivered")
                let before = try await lines(platform, of: id)
                let stored = try await values(platform, of: id)
                let calls = platform.api.calls
                try await withWeir(platform) { weir, file in
                    let trial = try await weir.run("replay", id, "--mapping", file, "--dry-run", "--json")
                    try #require(trial.status == 0, "\(trial)")
                    #expect(
                        trial.json["datapoints"]?["legal_name"]
                            == ["added": 0, "changed": 2, "removed": 0, "unchanged": 0], "\(trial)")
                    #expect(
                        trial.json["datapoints"]?["note"] == ["added": 0, "changed": 0, "removed": 2, "unchanged": 0])
                    #expect(
                        trial.json["datapoints"]?["founded"]
                            == ["added": 0, "changed": 0, "removed": 0, "unchanged": 2])
                    #expect(trial.json["runs"] == 3 && trial.json["failed"] == 1, "\(trial)")
                    #expect(
                        trial.json["examples"]?.arrayValue?.contains([
                            "object": "Bebel", "datapoint": "legal_name", "old": "\"Bebel GmbH\"", "new": "\"weirs\"",
                        ]) == true, "\(trial)")
                    let text = try await weir.run("replay", id, "--mapping", file, "--dry-run")
                    #expect(text.output.contains("3 answers mapped anew (nothing was written)"), "\(text)")
                    let kept = try await values(platform, of: id)
                    #expect(kept == stored, "a dry run wrote something")

                    let done = try await weir.run("replay", id, "--mapping", file, "--json", "--reason", "names")
                    #expect(done.status == 0 && done.json == ["replayed": 3, "reopened": true], "\(done)")
                    _ = try await platform.client.wait(for: id, toBe: "delivered")
                    let after = try await lines(platform, of: id)
                    #expect(after.map { $0["object"] } == before.map { $0["object"] })
                    #expect(
                        after[0]["values"] == [
                            "legal_name": "weirs", "industry": "weirs", "employees": 42, "founded": 1889,
                        ])
                    #expect(after[2]["error"] != nil, "\(after)")
                    // They are as old as the answer.
                    let misdated = try await platform.database.value(
                        Int.self,
                        """
                        select count(*) from public.value as v
                        join public.run_queue as r on r.id = v.run_id
                        join public.run_result as x on x.run_request_id = r.run_request_id
                        where v.created_at <> x.received_at
                        """)
                    #expect(misdated == 0)

                    // The mapping stays with the request until it is replayed as the catalogue says.
                    let same = try await weir.run("replay", id, "--mapping", file, "--dry-run")
                    #expect(same.output.contains("the values stay as they are"), "\(same)")
                    let undone = try await weir.run("replay", id)
                    #expect(undone.output.contains("The answers of 3 runs are being mapped anew"), "\(undone)")
                    _ = try await platform.client.wait(for: id, toBe: "delivered")
                    let again = try await lines(platform, of: id)
                    #expect(again == before)
                    let mappings = try await platform.database.value(
                        Int.self, "select count(*) from public.request_mapping")
                    #expect(mappings == 0)
                }
                #expect(platform.api.calls == calls, "an API was called")
                #expect(platform.webhooks.received.count == 3, "each round is delivered")
            }
        }

        @Test func whatWasFoundIsFoundAnew() async throws {
            try await withPlatform { platform in
                platform.api.found([.init(name: "Abel"), .init(name: "Bebel", employees: 7)])
                let accepted = try await platform.client.post(
                    ["activity": "find", "input": ["query": "x"]], to: "/v1/activity-requests")
                let id = try #require(accepted.json["id"]?.stringValue)
                _ = try await platform.client.wait(for: id, toBe: "delivered")
                let targets = platform.api.targets
                try await withWeir(platform) { weir, file in
                    let trial = try await weir.run("replay", id, "--mapping", file, "--dry-run", "--json")
                    #expect(
                        trial.json["datapoints"]?["employees"]
                            == ["added": 2, "changed": 0, "removed": 2, "unchanged": 0], "\(trial)")
                    let done = try await weir.run("replay", id, "--mapping", file)
                    #expect(done.status == 0, "\(done)")
                    _ = try await platform.client.wait(for: id, toBe: "delivered")
                    let after = try await lines(platform, of: id)
                    #expect(after.map { $0["object"] } == ["Abel GmbH", "Bebel GmbH"])
                    #expect(after.map { $0["values"]?["employees"] } == [42, 7])
                }
                // Those of the mapping before are forgotten, and their places are free.
                let request = try await platform.client.request(id)
                #expect(request["objects"] == ["total": 2, "expanded": 2], "\(request)")
                let findings = try await platform.database.column(
                    String.self,
                    """
                    select o.original_object_value_name || ' ' || r.position
                    from public.object_finding as f
                    join public.object as o on o.id = f.object_id
                    left join public.request_object as r
                      on r.activity_request_id = f.activity_request_id and r.object_id = f.object_id
                    where f.activity_request_id = $1::uuid order by 1
                    """, id)
                #expect(findings == ["Abel GmbH 0", "Bebel GmbH 1"])
                #expect(platform.api.targets == targets, "an API was called")
            }
        }

        /// A mapping of the registry, in the words of a replay.
        private func mapping(_ datapoints: JSONValue) -> JSONValue {
            [
                "registry": [
                    "object_source": ["company": ["key_mapping": ["data", "name"], "key_mapping_type": "key"]],
                    "datapoint_source": ["company": datapoints],
                ]
            ]
        }

        private func replay(_ platform: Platform, _ id: String, _ body: JSONValue) async throws -> JSONValue {
            let answer = try await platform.client.post(body, to: "/v1/activity-requests/\(id)/replay")
            #expect(answer.status == (body["dry_run"] == true ? 200 : 202), "\(answer.json)")
            return answer.json
        }

        @Test func aMappingTakesThePlaceOfTheOneBeforeWithAllThatItHasMade() async throws {
            try await withPlatform { platform in
                platform.api.script(
                    "Abel", [.json(#"{"data":{"name":"Abel","profile":{"legal_name":"A","employees":"1.234,5"}}}"#)])
                let id = try await platform.client.submit(["Abel", "Bebel"])
                _ = try await platform.client.wait(for: id, toBe: "delivered")
                func stored() async throws -> [String] {
                    try await platform.database.column(
                        String.self,
                        """
                        select concat_ws(' ', o.original_object_value_name, d.key, v.value, v.original)
                        from public.value as v
                        join public.object as o on o.id = v.object_id join public.datapoint as d on d.id = v.datapoint_id
                        where v.activity_request_id = $1::uuid order by 1
                        """, id)
                }
                func misfits() async throws -> [String] {
                    try await platform.database.column(
                        String.self,
                        "select path || ' ' || found from public.conversion_failure where activity_request_id = $1::uuid order by 1",
                        id)
                }
                #expect(try await misfits() == ["$.data.profile.employees 1.234,5"])

                // A name is no number.
                let first = mapping(["employees": ["paths": [["data", "name"]], "type": "number"]])
                #expect(try await replay(platform, id, ["mapping": first])["replayed"] == 2)
                _ = try await platform.client.wait(for: id, toBe: "delivered")
                #expect(try await stored() == [])
                #expect(try await misfits() == ["$.data.name Abel", "$.data.name Bebel"])

                let second = mapping([
                    "employees": [
                        "paths": [["data", "profile", "employees"]], "type": "number", "normalize": ["decimal": ","],
                    ],
                    "legal_name": ["paths": [["data", "none"], ["data", "name"]], "type": "text"],
                ])
                let trial = try await replay(platform, id, ["mapping": second, "dry_run": true])
                #expect(
                    trial["datapoints"] == [
                        ["datapoint": "employees", "added": 2, "changed": 0, "removed": 0, "unchanged": 0],
                        ["datapoint": "legal_name", "added": 2, "changed": 0, "removed": 0, "unchanged": 0],
                    ], "\(trial)")
                #expect(try await replay(platform, id, ["mapping": second])["replayed"] == 2)
                _ = try await platform.client.wait(for: id, toBe: "delivered")
                #expect(
                    try await stored() == [
                        #"Abel employees 1234.5 "1.234,5""#, #"Abel legal_name "Abel""#, "Bebel employees 42",
                        #"Bebel legal_name "Bebel""#,
                    ])
                #expect(try await misfits() == [])
                #expect(platform.api.calls.values.allSatisfy { $0 == 1 }, "an API was called")
            }
        }

        @Test func answersAreTakenPageByPage() async throws {
            try await withPlatform { platform in
                // More than one page of a dry run.
                let names = (0..<501).map { "object \($0)" }
                let id = try await platform.client.submit(names, activity: "quiet")
                _ = try await platform.client.wait(for: id, toBe: "done")
                try await withWeir(platform) { weir, file in
                    let trial = try await weir.run("replay", id, "--mapping", file, "--dry-run", "--json")
                    #expect(trial.json["runs"] == 501 && trial.json["failed"] == 0, "\(trial)")
                    #expect(
                        trial.json["datapoints"]?["legal_name"]
                            == ["added": 0, "changed": 501, "removed": 0, "unchanged": 0], "\(trial)")
                    #expect(
                        trial.json["examples"]?.arrayValue?.count { $0["datapoint"] == "legal_name" } == 3, "\(trial)")
                }
                // A page has a few examples of each kind of change.
                let industry = mapping(["legal_name": ["paths": [["data", "profile", "industry"]], "type": "text"]])
                let first = try await replay(platform, id, ["mapping": industry, "dry_run": true])
                let shown = first["examples"]?.arrayValue ?? []
                #expect(shown.count { $0["datapoint"] == "legal_name" } == 5 && first["cursor"] == "500", "\(first)")
                // A page ends before an object whose answer is too much for it, and the next begins there.
                let runs = RunStore(pool: platform.database.pool)
                let org = try await platform.database.value(OrgID.self, "select id from public.org")
                let request = try #require(ActivityRequestID(id))
                let page = try await runs.replayable(of: request, org: org, from: 7, bytesMax: 1)
                #expect(page.answers.map { $0.runs.map(\.objectName) } == [["object 7"]] && page.next == 8)
                let last = try await runs.replayable(of: request, org: org, from: 500)
                #expect(last.answers.count == 1 && last.next == nil)

                // Who goes on from a page begins where it ended.
                let before = try await values(platform, of: id)
                #expect(try await replay(platform, id, ["cursor": "499"])["replayed"] == 2)
                _ = try await platform.client.wait(for: id, toBe: "done")
                let touched = try await values(platform, of: id).filter { !before.contains($0) }
                #expect(Set(touched.map { $0.split(separator: " ")[1] }) == ["499", "500"], "\(touched.prefix(3))")
            }
        }

        @Test func ofTwoObjectsWithOneNameTheFirstCountsInADryRunToo() async throws {
            try await withPlatform { platform in
                platform.api.found([.init(name: "Abel"), .init(name: "Abel", employees: 7), .init(name: "Bebel")])
                let accepted = try await platform.client.post(
                    ["activity": "find", "input": ["query": "x"]], to: "/v1/activity-requests")
                let id = try #require(accepted.json["id"]?.stringValue)
                _ = try await platform.client.wait(for: id, toBe: "delivered")
                let trial = try await replay(platform, id, ["dry_run": true])
                #expect(
                    trial["datapoints"]?.arrayValue?.first { $0["datapoint"] == "employees" }
                        == ["datapoint": "employees", "added": 0, "changed": 0, "removed": 0, "unchanged": 2],
                    "\(trial)")
            }
        }

        @Test func nobodyReplaysTheRequestsOfOthers() async throws {
            var options = Platform.Options()
            options.organizations = ["acme", "globex"]
            try await withPlatform(options) { platform in
                let id = try await platform.client.submit(["Abel"])
                _ = try await platform.client.wait(for: id, toBe: "delivered")
                let globex = try #require(platform.clients["globex"])
                let foreign = try await globex.post([:], to: "/v1/activity-requests/\(id)/replay")
                #expect(foreign.status == 404 && foreign.code == "not_found", "\(foreign.json)")
                // Nor does the store by itself.
                let runs = RunStore(pool: platform.database.pool)
                let other = try await platform.database.value(
                    OrgID.self, "select id from public.org where key = 'globex'")
                let request = try #require(ActivityRequestID(id))
                let page = try await runs.replay(
                    request, org: other, from: 0, mappings: [:], actor: "globex", reason: "x")
                #expect(page.replayed == 0 && !page.isReopened)
                #expect(try await runs.replayable(of: request, org: other, from: 0).answers.isEmpty)
            }
        }

        @Test func whatCannotBeReplayedIsRefusedWithAReason() async throws {
            try await withPlatform { platform in
                let id = try await platform.client.submit(["Abel"])
                _ = try await platform.client.wait(for: id, toBe: "delivered")
                let path = "/v1/activity-requests/\(id)/replay"
                let good: JSONValue = ["paths": [["data"]], "type": "json"]
                for (mapping, words) in [
                    ([:], "it names none of the sources that the request asks: registry"),
                    (["registry": ["datapoint_source": ["company": ["size": good]]]], "no datapoint of this name"),
                    (["registry": ["datapoint_source": ["firm": [:]]]], "no object type of this name"),
                    (
                        ["registry": ["datapoint_source": ["company": ["note": ["paths": [[true]], "type": "text"]]]]],
                        "$.mapping.registry.datapoint_source.company.note.paths[0]"
                    ),
                    (["registry": ["paths": []]], "known are object_source, datapoint_source"),
                ] as [(JSONValue, String)] {
                    let answer = try await platform.client.post(["mapping": mapping], to: path)
                    #expect(answer.status == 422 && answer.code == "invalid_request", "\(answer.json)")
                    #expect(answer.json["detail"]?.stringValue?.contains(words) == true, "\(answer.json)")
                }
                platform.api.gate.close(after: 0)
                let open = try await platform.client.submit(["Bebel"])
                let early = try await platform.client.post(
                    [:], to: "/v1/activity-requests/\(open)/replay")
                #expect(early.status == 409 && early.code == "request_is_not_over", "\(early.json)")
                platform.api.gate.open()
                _ = try await platform.client.wait(for: open, toBe: "delivered")
            }
        }
    }
}

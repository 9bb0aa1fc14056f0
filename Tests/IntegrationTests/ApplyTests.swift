import Foundation
import JSON
import Testing

extension IntegrationTests {
    /// `weir apply` as a process of its own.
    @Suite("weir apply")
    struct ApplyTests {
        private let text = CatalogueText(api: "http://127.0.0.1:4001", webhooks: "http://127.0.0.1:4002")

        @Test func applyingTwiceChangesNothingAndSaysSo() async throws {
            try await withDatabase { database in
                try await WeirProgram.with(database: database) { weir in
                    let file = try weir.write(text.yaml, to: "catalogue.yaml")
                    let trial = try await weir.run("apply", "-f", file, "--dry-run")
                    #expect(trial.status == 0 && trial.output.contains("would create"), "\(trial)")
                    #expect(trial.lines.last?.hasSuffix("(nothing was written)") == true, "\(trial)")
                    let items = try await stored(database)
                    #expect(items.isEmpty, "a dry run wrote something")

                    let first = try await weir.run("apply", "-f", file, "--json")
                    try #require(first.status == 0, "\(first)")
                    let created = try #require(first.json["created"]?.arrayValue)
                    #expect(created.contains { $0["kind"] == "source" && $0["key"] == "acme/registry" })
                    let written = try await stored(database)
                    #expect(written.contains { $0.hasPrefix("source acme/registry ") })

                    let again = try await weir.run("apply", "-f", file)
                    #expect(again.status == 0, "\(again)")
                    #expect(
                        again.lines == ["0 created, 0 changed, \(created.count) unchanged, 0 not in file"], "\(again)")
                    let kept = try await stored(database)
                    #expect(kept == written, "the second time wrote something")
                }
            }
        }

        @Test func aChangeIsShownAndMadeAndADryRunOnlyShowsIt() async throws {
            try await withDatabase { database in
                try await WeirProgram.with(database: database) { weir in
                    let before = try weir.write(text.yaml, to: "before.yaml")
                    _ = try await weir.run("apply", "-f", before)
                    let written = try await stored(database)
                    let after = try weir.write(
                        text.yaml.replacing("attempts: 4", with: "attempts: 7"), to: "after.yaml")

                    let trial = try await weir.run("apply", "-f", after, "--dry-run")
                    #expect(trial.status == 0 && trial.lines.contains("would change  source acme/registry"), "\(trial)")
                    #expect(trial.lines.contains("setup.retry.attempts: 4 → 7"), "\(trial)")
                    let untouched = try await stored(database)
                    #expect(untouched == written, "a dry run wrote something")

                    let made = try await weir.run("apply", "-f", after, "--json")
                    #expect(made.status == 0, "\(made)")
                    let change = try #require(made.json["changed"]?.arrayValue)
                    #expect(
                        change == [
                            [
                                "item": ["kind": "source", "key": "acme/registry"],
                                "fields": [["path": "setup.retry.attempts", "old": 4, "new": 7]],
                            ]
                        ])
                    let attempts = try await database.value(
                        String.self, "select setup #>> '{retry,attempts}' from public.source where key = 'registry'")
                    #expect(attempts == "7")
                }
            }
        }

        @Test func whatIsNotInTheFileIsListedAndLeftAlone() async throws {
            try await withDatabase { database in
                try await WeirProgram.with(database: database) { weir in
                    let whole = try weir.write(text.yaml, to: "whole.yaml")
                    _ = try await weir.run("apply", "-f", whole)
                    let written = try await stored(database)
                    let lines = text.yaml.split(separator: "\n", omittingEmptySubsequences: false)
                    let part = try weir.write(
                        lines.filter { !$0.contains("quiet:") }.joined(separator: "\n"), to: "part.yaml")
                    let outcome = try await weir.run("apply", "-f", part)
                    #expect(outcome.status == 0, "\(outcome)")
                    #expect(outcome.lines.contains("not in file, left alone  activity acme/quiet"), "\(outcome)")
                    #expect(outcome.lines.last?.hasPrefix("0 created, 0 changed, ") == true, "\(outcome)")
                    let kept = try await stored(database)
                    #expect(kept == written)
                }
            }
        }

        @Test func aMappingIsTakenAwayByName() async throws {
            try await withDatabase { database in
                try await WeirProgram.with(database: database) { weir in
                    func file(_ mappings: String, _ name: String) throws -> String {
                        try weir.write(
                            """
                            organization: acme
                            object_types: { company: { datapoints: { legal_name: text, employees: number } } }
                            sources:
                              registry:
                                run_request_template: { url: https://registry.example.com/ }
                            \(mappings)
                            """, to: name)
                    }
                    let whole = try file(
                        """
                            object_source: { company: [name] }
                            datapoint_source: { company: { legal_name: [name], employees: [staff] } }
                        """, "whole.yaml")
                    _ = try await weir.run("apply", "-f", whole)
                    let version = try await database.value(Int64.self, "select version from public.source")

                    // What a file does not mention stays.
                    let silent = try file("    datapoint_source: { company: { legal_name: [name] } }", "silent.yaml")
                    let left = try await weir.run("apply", "-f", silent)
                    #expect(
                        left.lines.contains("not in file, left alone  object_source acme/registry/company"), "\(left)")
                    #expect(try await mappings(database) == "1 2")

                    let gone = try file(
                        """
                            object_source: { company: null }
                            datapoint_source: { company: { legal_name: [name], employees: ~ } }
                        """, "gone.yaml")
                    let trial = try await weir.run("apply", "-f", gone, "--dry-run")
                    #expect(trial.lines.contains("would remove  object_source acme/registry/company"), "\(trial)")
                    #expect(try await mappings(database) == "1 2")
                    let removed = try await weir.run("apply", "-f", gone)
                    #expect(removed.status == 0, "\(removed)")
                    #expect(
                        removed.lines.contains("removed  datapoint_source acme/registry/company/employees"),
                        "\(removed)")
                    #expect(
                        removed.lines.last == "0 created, 0 changed, 2 removed, 6 unchanged, 0 not in file",
                        "\(removed)")
                    #expect(try await mappings(database) == "0 1")
                    // Services read the source anew.
                    let changed = try await database.value(Int64.self, "select version from public.source")
                    #expect(changed > version)
                    let again = try await weir.run("apply", "-f", gone)
                    #expect(again.lines == ["0 created, 0 changed, 6 unchanged, 0 not in file"], "\(again)")
                }
            }
        }

        @Test func anEndpointThatNothingSignsForIsNamedUntilASecretIsMade() async throws {
            try await withDatabase { database in
                try await WeirProgram.with(database: database) { weir in
                    let file = try weir.write(
                        """
                        organization: acme
                        webhook_endpoints:
                          crm: { url: "https://crm.example.com/hooks" }
                          named: { url: "https://named.example.com/hooks", secret: "<<$secret.NAMED>>" }
                        """, to: "catalogue.yaml")
                    for outcome in [
                        try await weir.run("apply", "-f", file, "--dry-run"), try await weir.run("apply", "-f", file),
                        try await weir.run("apply", "-f", file),
                    ] {
                        let words = outcome.lines.filter { $0.hasPrefix("no secret yet") }
                        #expect(words.count == 1 && words[0].contains("'weir webhook secret create crm'"), "\(outcome)")
                    }
                    let made = try await database.column(
                        String.self,
                        """
                        insert into public.webhook_secret (org_id, webhook_endpoint_id, kind, sealed, expires_at)
                        select e.org_id, e.id, 'whsec', 'x', now() - interval '1 second'
                        from public.webhook_endpoint as e where e.key = 'crm'
                        returning id::text
                        """)
                    try #require(made.count == 1)
                    let expired = try await weir.run("apply", "-f", file, "--json")
                    #expect(expired.json["without_secret"] == [["kind": "webhook_endpoint", "key": "acme/crm"]])
                    _ = try await database.column(
                        String.self, "update public.webhook_secret set expires_at = null returning id::text")
                    let signed = try await weir.run("apply", "-f", file)
                    #expect(signed.lines == ["0 created, 0 changed, 3 unchanged, 0 not in file"], "\(signed)")
                }
            }
        }

        private func mappings(_ database: TestDatabase) async throws -> String {
            try await database.value(
                String.self,
                "select (select count(*) from public.object_source) || ' ' || (select count(*) from public.datapoint_source)"
            )
        }

        @Test func aFaultInAFileIsNamedWithItsLineAndPathAndNothingIsApplied() async throws {
            try await withDatabase { database in
                try await WeirProgram.with(database: database) { weir in
                    let faulty = text.yaml.replacing("concurrency: 64", with: "concurency: 64")
                    let line =
                        try #require(
                            faulty.split(separator: "\n", omittingEmptySubsequences: false)
                                .firstIndex { $0.contains("concurency") }) + 1
                    let file = try weir.write(faulty, to: "faulty.yaml")
                    let outcome = try await weir.run("apply", "-f", file)
                    #expect(outcome.status == 1 && outcome.output.isEmpty, "\(outcome)")
                    #expect(outcome.errors.contains("\(file):\(line):5: sources.registry.concurency"), "\(outcome)")
                    #expect(outcome.errors.contains("did you mean concurrency?"), "\(outcome)")
                    let items = try await stored(database)
                    #expect(items.isEmpty)
                    let missing = try await weir.run("apply", "-f", file + ".yaml")
                    #expect(missing.status == 2 && missing.errors.contains("\(file).yaml cannot be read"), "\(missing)")
                }
            }
        }

        @Test func aDatabaseThatCannotBeReachedIsSaidToBe() async throws {
            try await WeirProgram.with { weir in
                let file = try weir.write(text.yaml, to: "catalogue.yaml")
                let nowhere = try await weir.run(
                    "apply", "-f", file, "--database-url", "host=\(weir.directory.path) dbname=weir user=weir")
                #expect(nowhere.status == 3, "\(nowhere)")
                #expect(nowhere.errors.contains("the database cannot be reached"), "\(nowhere)")
                let unsaid = try await weir.run("apply", "-f", file)
                #expect(unsaid.status == 3 && unsaid.errors.contains("WEIR_DATABASE_URL"), "\(unsaid)")
            }
        }

        /// The catalogue as the database has it, with what tells that a row was written anew.
        private func stored(_ database: TestDatabase) async throws -> [String] {
            try await database.column(
                String.self,
                """
                select 'org ' || key || ' ' || xmin from public.org
                union all select 'source ' || g.key || '/' || s.key || ' ' || s.version || ' ' || s.xmin || ' ' || s.setup
                from public.source as s join public.org as g on g.id = s.owner_org_id
                union all select 'datapoint ' || id || ' ' || xmin from public.datapoint
                union all select 'mapping ' || id || ' ' || xmin from public.datapoint_source
                union all select 'activity ' || key || ' ' || xmin from public.activity
                union all select 'endpoint ' || key || ' ' || xmin from public.webhook_endpoint
                order by 1
                """)
        }
    }
}

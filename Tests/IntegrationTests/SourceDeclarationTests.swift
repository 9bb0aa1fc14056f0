import Catalogue
import Contracts
import JSON
import Postgres
import Sources
import Store
import Testing

extension IntegrationTests {
    /// A source from its file to the database, and back from there as services read it.
    @Suite("A declared source")
    struct SourceDeclarationTests {
        private static let yaml = """
            organization: acme
            rate_groups: { shared_api: { concurrency: 20, rate: 50/s }, other_api: { rate: 600/m } }
            object_types: { company: { datapoints: { name: text } } }
            sources:
              registry:
                base_url: https://api.example.com
                auth:
                  type: oauth2
                  token_url: https://login.example.com/token
                  client_id: weir
                  client_secret: <<$secret.CLIENT>>
                  parameters: { resource: r, audience: a }
                run_request_template: { url: /exports, body: { names: <<$objects>>, key: <<$submission_key>> } }
                status_request_template: { url: /exports/<<$run_external_id>> }
                delivery_request_template: { url: /exports/<<$run_external_id>>/rows }
                abort_request_template: { method: POST, url: /exports/<<$run_external_id>>/cancel }
                cleanup_request_template: { method: DELETE, url: /exports/<<$run_external_id>> }
                lookup_request_template: { url: /exports, query: { key: <<$submission_key>> } }
                pagination: { type: page, parameter: page, items: [rows, "*"] }
                response_rules:
                  - { when: { status: 200, body: { path: [error], equals: 1.50 } }, action: retry_later, after: 90s }
                  - { when: { body: { path: [data], equals: null } }, action: no_data }
                concurrency: 8
                rate: 10/s
                rate_group: shared_api
                job: { external_id: [id], status: [status], done: [ok, 1, true], lookup_external_id: [0, id] }
                object_source: { company: [rows, "*", name] }
                datapoint_source: { company: { name: [rows, "*", name] } }
            """

        @Test func comesBackAsItWasDeclared() async throws {
            try await withDatabase { database in
                try await database.apply(Self.yaml)
                let declared = try CatalogueDefinition(parsing: Self.yaml)
                let stored = try await Self.stored(declared, in: database)
                let diff = CatalogueDiff(desired: declared.items, stored: stored)
                #expect(diff.isEmpty && diff.notInFile.isEmpty, "\(diff.changed)")
                // The key of the group stands in its own table only.
                let keys = try await database.column(String.self, "select jsonb_object_keys(setup) from public.source")
                #expect(!keys.contains("rate_group") && keys.contains("rate"))

                let record = try await Self.record(in: database)
                let source = try #require(declared.organizations.first?.sources.first)
                #expect(try SourceSetup(JSONValue(parsing: record.setup.bytes)) == source.setup)
                let templates = SourceTemplates(try record.templates.mapValues { try JSONValue(parsing: $0.bytes) })
                #expect(templates == source.templates)
                #expect(templates[.lookup] != nil && templates[.cleanup] != templates[.abort])
            }
        }

        @Test func aChangeRaisesTheVersionAndShowsItself() async throws {
            try await withDatabase { database in
                try await database.apply(Self.yaml)
                let before = try await Self.record(in: database).version
                try await database.apply(Self.yaml)
                let same = try await Self.record(in: database).version
                #expect(same == before, "the second time wrote something")

                let text = Self.yaml.replacing("rate_group: shared_api", with: "rate_group: other_api")
                    .replacing("after: 90s", with: "after: 2m")
                    .replacing("cleanup_request_template: {", with: "#")
                    .replacing("rate: 600/m", with: "rate: 700/m")
                let wanted = try CatalogueDefinition(parsing: text)
                let diff = CatalogueDiff(desired: wanted.items, stored: try await Self.stored(wanted, in: database))
                #expect(diff.created.isEmpty)
                #expect(
                    diff.changed.map { "\($0.item.identity): \($0.fields.map(\.path))" } == [
                        #"rate_group other_api: ["rate.calls"]"#,
                        #"source acme/registry: ["cleanup_request_template", "setup.rate_group", "setup.response_rules"]"#,
                    ])
                try await database.apply(text)
                let after = try await Self.record(in: database)
                #expect(after.version == before + 1 && after.templates[.cleanup] == nil)
                let group = try await database.value(
                    String.self,
                    """
                    select r.key || ' ' || r.calls || ' ' || r.per_seconds
                    from public.source as s join public.rate_group as r on r.id = s.rate_group_id
                    """)
                #expect(group == "other_api 700 60")

                // Without a group, and without all that is optional.
                let plain = text.split(separator: "\n").filter { !$0.contains("rate_group:") }.joined(separator: "\n")
                try await database.apply(plain)
                let left = try await database.value(Int64.self, "select count(rate_group_id) from public.source")
                #expect(left == 0)
                #expect(
                    try SourceSetup(JSONValue(parsing: try await Self.record(in: database).setup.bytes)).rateGroup
                        == nil)
            }
        }

        private static func stored(
            _ definition: CatalogueDefinition, in database: TestDatabase
        ) async throws -> [CatalogueItem] {
            try await CatalogueStore(pool: database.pool).items(
                ofOrganizations: definition.organizations.map(\.key), rateGroups: definition.rateGroups.map(\.key))
        }

        private static func record(in database: TestDatabase) async throws -> SourceRecord {
            let id = try await database.value(SourceID.self, "select id from public.source")
            return try #require(try await SourceStore(pool: database.pool).definition(of: id))
        }

    }
}

import Catalogue
import JSON
import Testing

@Suite("What applying a catalogue would do")
struct CatalogueDiffTests {
    private func items(_ text: String = smallCatalogue) throws -> [CatalogueItem] {
        try CatalogueDefinition(parsing: text).items
    }

    @Test func listsEveryItemAfterThoseItRefersTo() throws {
        #expect(
            try items().map(\.identity.description) == [
                "organization demo", "object_type demo/country", "datapoint demo/country/name",
                "datapoint demo/country/area", "source demo/atlas", "object_source demo/atlas/country",
                "datapoint_source demo/atlas/country/name", "datapoint_source demo/atlas/country/area",
                "webhook_endpoint demo/receiver", "activity demo/enrich", "activity_source demo/enrich/atlas",
                "activity_endpoint demo/enrich/receiver",
            ]
        )
    }

    @Test func writesCanonicalJSON() throws {
        let found = try items()
        #expect(
            found[4].canonicalJSON
                == #"{"abort_request_template":null,"base_url":"http://127.0.0.1:4001","cleanup_request_template":null,"#
                + #""delivery_request_template":null,"lookup_request_template":null,"#
                + #""max_objects":1,"name":"atlas","run_request_template":{"#
                + #""headers":{"authorization":"Bearer <<$secret.ATLAS_TOKEN>>"},"method":"GET","#
                + #""url":"http://127.0.0.1:4001/countries/<<$object>>"},"setup":{"concurrency":16,"#
                + #""response_bytes_max":10485760,"retry":{"attempts":3,"base_seconds":0.5,"max_seconds":30},"#
                + #""timeout_seconds":30},"source_type":"http","status_request_template":null}"#
        )
        #expect(found[7].canonicalJSON == #"{"key_mapping":[["area","km2"],["area"]]}"#)
        #expect(
            found[8].canonicalJSON
                == #"{"event_types":null,"headers":{},"ordered":false,"rate":null,"secret_name":"HOOK","#
                + #""url":"https://example.com/hooks"}"#)
    }

    @Test func createsEverythingInAnEmptyDatabase() throws {
        let diff = CatalogueDiff(desired: try items(), stored: [])
        #expect(try diff.created == items() && diff.changed.isEmpty && diff.unchanged.isEmpty)
        #expect(!diff.isEmpty)
    }

    @Test func changesNothingTheSecondTime() throws {
        let diff = CatalogueDiff(desired: try items(), stored: try items().reversed())
        #expect(diff.isEmpty && diff.notInFile.isEmpty)
        #expect(try diff.unchanged == items().map(\.identity))
    }

    @Test func theOrderOfStoredMembersSaysNothing() throws {
        // jsonb gives members back ordered by length and bytes.
        let stored = try items().map { item in
            CatalogueItem(
                kind: item.identity.kind, key: item.identity.key,
                fields: JSONObject(item.fields.reversed().map { ($0.key, $0.value) })
            )
        }
        #expect(CatalogueDiff(desired: try items(), stored: stored).isEmpty)
    }

    @Test func tellsOldAndNewOfEachField() throws {
        let wanted = try items(
            smallCatalogue.changing("attempts: 3", to: "attempts: 5, base: 1250ms")
                .changing("authorization: Bearer <<$secret.ATLAS_TOKEN>>", to: "accept: application/json")
        )
        let diff = CatalogueDiff(desired: wanted, stored: try items())
        let changes = try #require(diff.changed.first)
        #expect(diff.changed.count == 1 && changes.item.identity.description == "source demo/atlas")
        #expect(
            changes.fields.map(\.path) == [
                "run_request_template.headers.accept", "run_request_template.headers.authorization",
                "setup.retry.attempts", "setup.retry.base_seconds",
            ]
        )
        #expect(
            changes.fields.map { $0.old?.description } == [nil, "\"Bearer <<$secret.ATLAS_TOKEN>>\"", "3", "0.5"]
        )
        #expect(changes.fields.map { $0.new?.description } == ["\"application/json\"", nil, "5", "1.25"])
    }

    @Test func sharedLimitsBelongToNoOrganization() throws {
        let wanted = try items("rate_groups: { shared: { rate: 50/s }, other: { concurrency: 2 } }\n" + smallCatalogue)
        #expect(
            wanted.prefix(3).map(\.identity.description) == [
                "rate_group shared", "rate_group other", "organization demo",
            ])
        #expect(wanted[0].canonicalJSON == #"{"concurrency":null,"rate":{"calls":50,"per_seconds":1}}"#)
        let stored = CatalogueItem(kind: .rateGroup, key: ["shared"], fields: ["concurrency": 3, "rate": .null])
        let foreign = CatalogueItem(kind: .rateGroup, key: ["demo"], fields: ["concurrency": 3, "rate": .null])
        let diff = CatalogueDiff(desired: wanted, stored: try items() + [stored, foreign])
        #expect(diff.created.map(\.identity.description) == ["rate_group other"])
        #expect(diff.changed.map(\.item.identity.description) == ["rate_group shared"])
        #expect(diff.changed.first?.fields.map(\.path) == ["concurrency", "rate"])
        #expect(diff.notInFile.isEmpty, "a group that only others name is nothing of this file's")
    }

    @Test func tellsWhatChangesInANestedDeclaration() throws {
        func declared(_ lines: String) throws -> [CatalogueItem] { try items(sourceCatalogue(lines)) }
        let base = "run_request_template: { url: /a }\n"
        let paging = "pagination: { type: page, parameter: page, items: [data] }\n"
        let diff = CatalogueDiff(
            desired: try declared(base + paging.replacing("parameter: page", with: "parameter: p") + "rate: 5/s\n"),
            stored: try declared(base + paging))
        #expect(diff.changed.first?.fields.map(\.path) == ["setup.pagination.parameter", "setup.rate"])
    }

    @Test func leavesAloneWhatTheFileDoesNotMention() throws {
        let other = CatalogueItem(kind: .source, key: ["demo", "old"], fields: ["name": "Old"])
        let foreign = CatalogueItem(kind: .source, key: ["someone_else", "theirs"], fields: ["name": "Theirs"])
        let diff = CatalogueDiff(desired: try items(), stored: try items() + [other, foreign])
        #expect(diff.isEmpty && diff.notInFile == [other.identity])
    }
}

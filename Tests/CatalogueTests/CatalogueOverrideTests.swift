import Catalogue
import JSON
import Mapping
import Sources
import Testing

@Suite("Overrides of a catalogue")
struct CatalogueOverrideTests {
    private func source(_ arguments: String...) throws -> SourceDefinition {
        let overrides = try arguments.map { try #require(CatalogueOverride(argument: $0)) }
        return try CatalogueDefinition(parsing: smallCatalogue, overrides: overrides).organizations[0].sources[0]
    }

    @Test func replaceAValue() throws {
        let changed = try source("sources.atlas.base_url=http://127.0.0.1:9/a/")
        #expect(changed.templates[.run]?["url"] == "http://127.0.0.1:9/a/countries/<<$object>>")
    }

    @Test func addAKeyThatTheFileLeavesOut() throws {
        #expect(try source("sources.atlas.concurrency=64").setup.concurrency == 64)
    }

    @Test func theLastOneWins() throws {
        #expect(try source("sources.atlas.concurrency=64", "sources.atlas.concurrency=65").setup.concurrency == 65)
    }

    @Test func reachIntoLists() throws {
        let path = "sources.atlas.datapoint_source.country.area[0][1]"
        #expect(try source("\(path)=sq_mi").datapointMappings[1].keyMappings[0].json == ["area", "sq_mi"])
    }

    @Test func areCheckedLikeTheFile() {
        let override = CatalogueOverride(path: "sources.atlas.concurrency", value: "none")
        let found = problems(in: smallCatalogue, overrides: [override])
        #expect(found.map(\.code) == [.wrongType])
        #expect(found.first?.description(file: "c.yaml").hasPrefix("--set sources.atlas.concurrency: ") == true)
    }

    @Test(arguments: [
        ("sources.atlsa.base_url", "did you mean atlas?"), ("sources.atlas.name.first.second", "no sources.atlas.name"),
        ("organization.key", "has no key key"), ("activities.enrich.sources[1]", "1 element"),
        ("sources[0].name", "has no element"), ("a..b", "cannot be read"), ("a[x]", "cannot be read"),
        ("", "cannot be read"),
    ])
    func mustNameAPlaceOfTheFile(path: String, mentions: String) {
        let found = problems(in: smallCatalogue, overrides: [CatalogueOverride(path: path, value: "x")])
        #expect(found.map(\.code) == [.invalidOverride])
        #expect(found.first.map { "\($0.what); \($0.remedy)" }?.contains(mentions) == true, "\(found)")
    }

    @Test func readPathAndValueFromAnArgument() {
        #expect(CatalogueOverride(argument: "a.b=c=d") == CatalogueOverride(path: "a.b", value: "c=d"))
        #expect(CatalogueOverride(argument: "a.b=") == CatalogueOverride(path: "a.b", value: ""))
        #expect(CatalogueOverride(argument: "a.b") == nil)
        #expect(CatalogueOverride(argument: "=c") == nil)
    }
}

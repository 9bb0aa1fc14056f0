import Catalogue
import JSON
import Mapping
import Sources
import Testing

@Suite("Reading a catalogue that is right")
struct CatalogueParsingTests {
    @Test func fillsInEveryDefault() throws {
        let organization = try #require(try CatalogueDefinition(parsing: smallCatalogue).organizations.first)
        #expect(organization.key == "demo" && organization.name == "demo")
        let source = try #require(organization.sources.first)
        #expect(source.name == "atlas" && source.maxObjects == 1)
        #expect(source.setup.concurrency == 16 && source.setup.timeoutMilliseconds == 30_000)
        #expect(source.setup.responseBytesMax == 10 << 20)
        let retry = source.setup.retry
        #expect(retry.attempts == 3 && retry.baseMilliseconds == 500 && retry.maxMilliseconds == 30_000)
        #expect(source.objectMappings.first?.keyMappingType == .key)
    }

    @Test func putsTheBaseURLInFrontOfAPath() throws {
        let source = try #require(try CatalogueDefinition(parsing: smallCatalogue).organizations[0].sources.first)
        let expected: JSONValue = [
            "method": "GET", "url": "http://127.0.0.1:4001/countries/<<$object>>",
            "headers": ["authorization": "Bearer <<$secret.ATLAS_TOKEN>>"],
        ]
        #expect(source.templates[.run] == expected)
    }

    @Test func readsOnePathAndAListOfPaths() throws {
        let source = try #require(try CatalogueDefinition(parsing: smallCatalogue).organizations[0].sources.first)
        let area = try #require(source.datapointMappings.last)
        // The inner lists are paths, and so is the lone element beside them.
        #expect(area.keyMappings == [PathPattern([.key("area"), .key("km2")]), PathPattern([.key("area")])])
    }

    @Test(arguments: [("examples/countries.yaml", 2), ("examples/prospects.yaml", 3), ("bench/catalogue.yaml", 1)])
    func readsTheFilesOfThisPackage(path: String, activities: Int) throws {
        let catalogue = try CatalogueDefinition(parsing: try packageFile(path))
        #expect(catalogue.organizations[0].activities.count == activities)
        #expect(catalogue.organizations[0].objectTypes[0].datapoints.count == 5)
    }

    @Test func readsTheExamplesOfItsDocumentation() throws {
        let blocks = try packageFile("docs/catalogue.md").split(separator: "```yaml\n").dropFirst()
        let all = blocks.compactMap { $0.split(separator: "```").first.map(String.init) }
        // Besides whole files there are parts of a source, which stand in one here.
        let examples = all.filter { $0.hasPrefix("organization") }
        let groups = try #require(all.first { $0.hasPrefix("rate_groups") })
        let parts = all.filter { !$0.hasPrefix("organization") && $0 != groups }
        #expect(examples.count == 5 && parts.count == 8)
        for example in examples { #expect(throws: Never.self) { try CatalogueDefinition(parsing: example) } }
        for part in parts {
            let run = part.contains("run_request_template") ? "" : "run_request_template: { url: /companies }\n"
            #expect(problems(in: sourceCatalogue(run + part, top: groups)).isEmpty, "\(part)")
        }
        let source = try CatalogueDefinition(parsing: examples[0]).organizations[0].sources[0]
        #expect(source.maxObjects == 50 && source.setup.retry.maxMilliseconds == 60_000)
        #expect(source.templates[.run]?["body"]?["names"] == "<<$objects>>")
    }

    @Test(arguments: [
        ("type: number", "separators", #""separators""#),
        ("type: number", #"{ decimal: "," }"#, #"{"decimal":","}"#),
        ("type: boolean", "words", #""words""#),
        ("type: boolean", #"{ true: [ja], false: [nein, "0"] }"#, #"{"true":["ja"],"false":["nein","0"]}"#),
        ("type: text", "country", #""country""#),
        ("type: date", #"{ formats: ["%d.%m.%Y", epoch_seconds] }"#, #"{"formats":["%d.%m.%Y","epoch_seconds"]}"#),
        ("type: datetime", #"{ formats: ["%d.%m.%Y %H:%M"] }"#, #"{"formats":["%d.%m.%Y %H:%M"]}"#),
    ])
    func readsHowDatapointsAreNormalized(type: String, form: String, stored: String) throws {
        let text = smallCatalogue.changing("area: number", to: "area: { \(type), normalize: \(form) }")
        let catalogue = try CatalogueDefinition(parsing: text)
        let item = try #require(catalogue.items.first { $0.identity.key == ["demo", "country", "area"] })
        #expect(item.fields["normalization"]?.description == stored)
        let plain = try #require(catalogue.items.first { $0.identity.key == ["demo", "country", "name"] })
        #expect(plain.fields["normalization"] == .null)
    }

    @Test func aURLMayHaveFiltersWithCharactersOfItsOwn() throws {
        let text = smallCatalogue.changing(
            "/countries/<<$object>>", to: "/countries/<<$object|default:\"a b/c?d#e\">>?of=<<$name|json>>")
        let source = try #require(try CatalogueDefinition(parsing: text).organizations[0].sources.first)
        #expect(
            source.templates[.run]?["url"]
                == "http://127.0.0.1:4001/countries/<<$object|default:\"a b/c?d#e\">>?of=<<$name|json>>")
    }

    @Test func readsSeveralOrganizations() throws {
        let text = "organizations:\n  one: { name: One }\n  two: {}\n"
        #expect(try CatalogueDefinition(parsing: text).organizations.map(\.name) == ["One", "two"])
    }

    @Test(arguments: ["NO", "yes", "010", "1:30", "0x1F", "1_000"])
    func keepsWhatOldYAMLWouldTurnIntoSomethingElse(text: String) throws {
        let yaml = smallCatalogue.changing("type: enrichment", to: "type: enrichment\n    setup: { a: \(text) }")
        let setup = try CatalogueDefinition(parsing: yaml).organizations[0].activities[0].setup
        #expect(setup == ["a": .string(text)])
    }

    @Test func sharesPartsByAlias() throws {
        let text = """
            organization: demo
            object_types:
              country: { datapoints: &points { name: text } }
              city: { datapoints: *points }
            """
        #expect(try CatalogueDefinition(parsing: text).organizations[0].objectTypes[1].datapoints.count == 1)
    }
}

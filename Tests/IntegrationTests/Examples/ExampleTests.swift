import JSON
import Testing

extension IntegrationTests {
    /// The catalogues in `examples/`, each against an API that behaves like those it is an example for.
    @Suite("Example catalogues")
    struct ExampleTests {
        @Test func eachEndsWithWhatItsAPIKnows() async throws {
            try await withExamples { _, client, stubs in
                var results: [String: [String: JSONValue]] = [:]
                for example in ExampleCatalogue.all {
                    let id = try await example.submit(client)
                    let request = try await client.wait(for: id, toBe: "done")
                    #expect(request["failures"] == [] && request["notes"] == [], "\(example.api): \(request)")
                    results[example.api] = try await ExampleCatalogue.result(of: id, client)
                }
                try await checkDirectory(results["directory"] ?? [:], stubs)
                try await checkCRM(results["crm"] ?? [:], stubs)
                try await checkRegistry(results["registry"] ?? [:], stubs)
                try await checkBatch(results["batch"] ?? [:], stubs)
                checkSearch(results["search"] ?? [:])
            }
        }

        /// 48 people are three pages; the total says that there is no fourth.
        private func checkDirectory(_ result: [String: JSONValue], _ stubs: StubAPIs) async throws {
            #expect(result.keys.sorted() == ["Eiche Bakery", "Nord Media"])
            let people = result["Eiche Bakery"]?["people"]?.arrayValue ?? []
            #expect(people.count == 48 && people.first == "Ada Jansen" && people.last == "Karla Ivanov")
            #expect(result["Nord Media"]?["people"] == ["Tina Ude", "Farid Vogel"])
            #expect(
                result["Nord Media"]?["emails"] == ["tina.ude@nord-media.example", "farid.vogel@nord-media.example"])
            #expect(try await stubs.counts(of: "directory")["calls"] == 4)
        }

        private func checkCRM(_ result: [String: JSONValue], _ stubs: StubAPIs) async throws {
            #expect(result.count == 99)
            #expect(
                result["Corvus Bakery"] == [
                    "country": "DE", "employees": 413, "industry": "bakery",
                    "website": "https://www.corvus-bakery.example/",
                ])
            let counts = try await stubs.counts(of: "crm")
            #expect(counts["tokens_issued"] == 1 && counts["routes"]?["GET /crm/v2/accounts"] == 4, "\(counts)")
        }

        private func checkRegistry(_ result: [String: JSONValue], _ stubs: StubAPIs) async throws {
            let years = result["Nord Media"]?["filing_years"]?.arrayValue ?? []
            #expect(years == (1956...2024).reversed().map { .number(JSONNumber($0)) })
            let employees = result["Nord Media"]?["employees_by_year"]?.arrayValue ?? []
            #expect(employees.count == 69 && employees.first == 5 && employees.last == 1)
            #expect(result["Kranich Optics"]?["filing_years"]?.arrayValue?.count == 32)
            #expect(try await stubs.counts(of: "registry")["calls"] == 5)
        }

        private func checkBatch(_ result: [String: JSONValue], _ stubs: StubAPIs) async throws {
            #expect(
                result == [
                    "Eiche Bakery": [
                        "city": "Paris", "domain": "eiche-bakery.example", "employees": 3709, "founded": 2019,
                    ],
                    "Nord Media": ["city": "Dublin", "domain": "nord-media.example", "employees": 5, "founded": 1956],
                    "Tal Energy": ["city": "Wien", "domain": "tal-energy.example", "employees": 5, "founded": 1991],
                ])
            try await eventually("the batch deleted") { try await stubs.counts(of: "batch")["jobs_deleted"] == 1 }
            let counts = try await stubs.counts(of: "batch")
            #expect(counts["jobs_created"] == 1 && counts["jobs_aborted"] == 0, "\(counts)")
        }

        private func checkSearch(_ result: [String: JSONValue]) {
            #expect(result.count == 6)
            #expect(
                result["Corvus Bakery"] == [
                    "cities": ["Hamburg", "München", "München"],
                    "contacts": [
                        "boris.lang@corvus-bakery.example", "ines.moreau@corvus-bakery.example",
                        "paul.nowak@corvus-bakery.example",
                    ],
                    "employees": 413, "industry": "bakery", "website": "https://www.corvus-bakery.example/about",
                ])
        }
    }
}

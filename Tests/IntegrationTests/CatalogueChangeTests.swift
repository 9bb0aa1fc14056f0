import JSON
import Testing

extension IntegrationTests {
    /// The catalogue changes while its sources are at work.
    @Suite("Changes of the catalogue")
    struct CatalogueChangeTests {
        @Test func whatIsClaimedAfterAChangeIsExecutedAsTheChangeSays() async throws {
            try await withPlatform { platform in
                platform.api.gate.close(after: 0)
                let names = (0..<1_000).map { "object-\($0)" }
                let id = try await platform.client.submit(names)
                try await eventually("all calls that the source allows") { platform.api.gate.heldBack == 64 }
                // While they are held nothing more is claimed than what an executor takes ahead, twice what the source allows: no claim is
                // worth a statement any more that would bring less than half of the latter. One that is under way shows as a change.
                var looks: [Int] = []
                try await eventually("the end of the claiming") {
                    looks.append(try await exchanges(platform).count)
                    return (looks.last ?? 0) > 128 - 32 && looks.suffix(50).allSatisfy { $0 == looks.last }
                        && looks.count >= 50
                }
                let before = Set(try await exchanges(platform))
                #expect(before.count < names.count, "nothing is left to be claimed after the change")
                try await apply(platform) { $0.registryPath = "/companies" }
                platform.api.gate.open()
                _ = try await platform.client.wait(for: id, toBe: "delivered")
                let old = try await exchanges(platform, path: "/objects/")
                let new = try await exchanges(platform, path: "/companies/")
                #expect(Set(old) == before && new.count == names.count - before.count)
                #expect(platform.api.calls == Dictionary(names.map { ($0, 1) }) { $0 + $1 })
            }
        }

        /// The exchanges that were claimed, or those whose call went to a path.
        private func exchanges(_ platform: Platform, path: String? = nil) async throws -> [String] {
            try await platform.database.column(
                String.self,
                """
                select q.id::text from public.run_request as q
                where $1::text is null
                   or exists (select from public.run_log as l where l.run_request_id = q.id and position($1 in l.url) > 0)
                """, path)
        }

        @Test func exchangesThatWereFormedForAnotherTemplateAreFormedAnew() async throws {
            try await withPlatform { platform in
                let first = try await platform.client.submit(["first"], activity: "gather")
                _ = try await platform.client.wait(for: first, toBe: "delivered")
                try await apply(platform) { $0.directoryObjects = 10 }
                let names = (0..<100).map { "object \($0)" }
                let id = try await platform.client.submit(names, activity: "gather")
                let request = try await platform.client.wait(for: id, toBe: "delivered")
                #expect(request["runs"]?["done"] == 100 && request["plan"]?["calls"] == 10)
                let searches = platform.api.searches
                #expect(searches.map(\.count) == [1] + Array(repeating: 10, count: 10))
                #expect(searches.dropFirst().flatMap(\.self).sorted() == names.sorted())
                let unfinished = try await platform.database.unfinishedRows()
                #expect(unfinished == [])
            }
        }

        @Test func anAnswerAboutManyObjectsIsMappedByNameAlsoWhenTheSourceNowTakesOne() async throws {
            try await withPlatform { platform in
                let names = (0..<25).map { "object \($0)" }
                platform.api.forget(names.dropFirst())
                try await platform.kill9(.processor)
                let id = try await platform.client.submit(names, activity: "gather")
                try await eventually("the answer recorded") {
                    try await platform.database.value(Int.self, "select count(*) from public.run_result") == 1
                }
                try await apply(platform) { $0.directoryObjects = 1 }
                try await platform.start(.processor)
                _ = try await platform.client.wait(for: id, toBe: "delivered")
                let lines = try await platform.client.get("/v1/activity-requests/\(id)/result?format=ndjson").lines
                let named = lines.filter { $0["values"]?["legal_name"] != nil }.map { $0["object"] }
                #expect(named == ["object 0"])
            }
        }

        private func apply(_ platform: Platform, _ change: (inout CatalogueText) -> Void) async throws {
            var text = CatalogueText(api: platform.api.url, webhooks: platform.webhooks.url)
            change(&text)
            try await platform.database.apply(text.yaml)
        }
    }
}

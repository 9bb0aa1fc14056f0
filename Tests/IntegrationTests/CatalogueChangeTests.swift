import JSON
import Testing

extension IntegrationTests {
    /// The catalogue changes while its sources are at work.
    @Suite("Changes of the catalogue")
    struct CatalogueChangeTests {
        @Test func whatIsClaimedAfterAChangeIsExecutedAsTheChangeSays() async throws {
            try await withPlatform { platform in
                // As many as the source allows are under way when it changes.
                platform.api.gate.close(after: 0)
                let names = (0..<200).map { "object-\($0)" }
                let id = try await platform.client.submit(names)
                try await eventually("all calls that the source allows") { platform.api.gate.heldBack == 64 }
                try await apply(platform) { $0.registryPath = "/companies" }
                platform.api.gate.open()
                _ = try await platform.client.wait(for: id, toBe: "delivered")
                let targets = platform.api.targets
                #expect(targets.prefix(64).allSatisfy { $0.hasPrefix("/objects/") })
                #expect(targets.dropFirst(64).allSatisfy { $0.hasPrefix("/companies/") }, "\(targets.dropFirst(64))")
                #expect(platform.api.calls == Dictionary(names.map { ($0, 1) }) { $0 + $1 })
            }
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

        private func apply(_ platform: Platform, _ change: (inout CatalogueText) -> Void) async throws {
            var text = CatalogueText(api: platform.api.url, webhooks: platform.webhooks.url)
            change(&text)
            try await platform.database.apply(text.yaml)
        }
    }
}

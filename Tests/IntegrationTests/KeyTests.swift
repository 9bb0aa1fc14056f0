import Foundation
import JSON
import Testing

extension IntegrationTests {
    /// `weir key` as a process of its own, and what intake says to the keys.
    @Suite("weir key")
    struct KeyTests {
        @Test func aKeyIsGoodUntilItIsRevokedAndShownOnlyOnce() async throws {
            var options = Platform.Options()
            options.services = [.bus, .intake]
            try await withPlatform(options) { platform in
                try await WeirProgram.with(database: platform.database) { weir in
                    let created = try await weir.run("key", "create", "--org", "acme", "--name", "nightly import")
                    try #require(created.status == 0 && created.lines.count == 1, "\(created)")
                    let key = created.lines[0]
                    #expect(key.hasPrefix("weir_") && key.utf8.count > 40)
                    var client = platform.client
                    client.key = key
                    let body = #"{"activity":"enrich","objects":["Abel"]}"#
                    let accepted = try await client.post(body)
                    #expect(accepted.status == 202, "\(accepted.json)")

                    let list = try await weir.run("key", "list", "--org", "acme")
                    let line = try #require(list.lines.first { $0.contains("nightly import") }, "\(list)")
                    #expect(line.contains(key.prefix(12)) && !list.output.contains(key), "\(list)")
                    let kept = try await platform.database.value(
                        Int.self, "select count(*) from public.api_key as k where position($1 in k::text) > 0", key)
                    #expect(kept == 0, "the key itself was kept")

                    let revoked = try await weir.run("key", "revoke", String(key.prefix(12)))
                    #expect(revoked.status == 0, "\(revoked)")
                    let refused = try await client.post(body)
                    #expect(refused.status == 401 && refused.code == "unauthorized", "\(refused.json)")
                    let other = try await platform.client.post(body)
                    #expect(other.status == 202, "another key was revoked")
                    let after = try await weir.run("key", "list", "--json")
                    let entry = try #require(after.json.arrayValue?.first { $0["name"] == "nightly import" })
                    #expect(entry["revoked_at"]?.stringValue != nil && entry["org"] == "acme")
                }
            }
        }

        @Test func whatThereIsNotIsNamed() async throws {
            try await withDatabase { database in
                try await WeirProgram.with(database: database) { weir in
                    let stranger = try await weir.run("key", "create", "--org", "nobody", "--name", "x")
                    #expect(stranger.status == 1 && stranger.output.isEmpty, "\(stranger)")
                    #expect(stranger.errors.contains("There is no organization 'nobody'"), "\(stranger)")
                    let keyless = try await weir.run("key", "list", "--org", "nobody")
                    #expect(keyless.status == 1, "\(keyless)")
                    #expect(keyless.errors.contains("There is no organization 'nobody'"), "\(keyless)")
                    let unknown = try await weir.run("key", "revoke", "weir_0123456")
                    #expect(unknown.status == 1 && unknown.errors.contains("There is no key 'weir_0123456'"))
                    let none = try await weir.run("key", "list", "--json")
                    #expect(none.status == 0 && none.json == [])
                }
            }
        }
    }
}

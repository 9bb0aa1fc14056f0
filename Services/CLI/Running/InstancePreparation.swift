import Catalogue
import JSON
import Messaging
import Store

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// What an embedded instance needs beside its processes: a schema, keys for the bus, an organization with a key.
struct InstancePreparation: Sendable {
    /// The organization that every embedded instance has.
    static let organization = "demo"
    /// Its name, which the examples and pages that are to be applied here give it too: another one would rename it.
    static let organizationName = "Demo"
    /// APIs and webhooks on this machine may be called: an embedded instance is for trying things out.
    static let loopbackNetworks = "127.0.0.0/8,::1/128"

    let context: CommandContext
    let state: StateDirectory
    var migrations: String?

    /// Settings of all services, over the plan's.
    var settings: [String: String] {
        var settings = ["WEIR_BUS_KEYS": state.busKeysPath]
        if context.variable("WEIR_OUTBOUND_ALLOW") == nil { settings["WEIR_OUTBOUND_ALLOW"] = Self.loopbackNetworks }
        return settings
    }

    /// Schema, organization and bus keys; runs when the database answers and before any service starts.
    func run(databaseURL: String) async throws {
        try KeyDirectory(path: state.busKeysPath).create(clients: BusKeys.clients)
        try await context.withMigrator(url: databaseURL, migrations: migrations) { migrator in
            _ = try await migrator.up()
        }
        try await context.withDatabase(url: databaseURL) { pool in
            let store = CatalogueStore(pool: pool)
            guard try await store.items(ofOrganizations: [Self.organization]).isEmpty else { return }
            try await store.write([
                CatalogueItem(
                    kind: .organization, key: [Self.organization], fields: ["name": .string(Self.organizationName)])
            ])
        }
    }

    /// The organization's key: the one of the last start if it is still good, else a new one, kept for this user only.
    func apiKey(databaseURL: String) async throws -> APIKeyText {
        try await context.withDatabase(url: databaseURL) { pool in
            let store = APIKeyStore(pool: pool)
            if let text = try? String(contentsOfFile: state.apiKeyPath, encoding: .utf8) {
                let key = APIKeyText(text.filter { !$0.isWhitespace })
                if try await store.organization(ofKeyHash: key.hash) != nil { return key }
            }
            let key = APIKeyText.make()
            guard
                try await store.create(org: Self.organization, name: "weir up", prefix: key.prefix, hash: key.hash)
                    != nil
            else {
                throw UpError(
                    "The organization \(Self.organization) is not there",
                    remedy: "Look into the database at \(databaseURL)")
            }
            try write(key)
            return key
        }
    }

    private func write(_ key: APIKeyText) throws {
        let files = FileManager.default
        if files.fileExists(atPath: state.apiKeyPath) { try files.removeItem(atPath: state.apiKeyPath) }
        guard
            files.createFile(
                atPath: state.apiKeyPath, contents: Data("\(key.text)\n".utf8), attributes: [.posixPermissions: 0o600])
        else {
            throw UpError(
                "Cannot write \(state.apiKeyPath)", remedy: "Check the directory's permissions and the room on its disk"
            )
        }
    }
}

import ArgumentParser
import JSON
import Store

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Lists keys.
struct KeyListCommand: WeirCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List keys by their beginnings; the keys themselves are not kept.")

    @Option(help: "Only those of this organization.") var org: String?
    @OptionGroup var database: DatabaseOptions
    @Flag(help: "Print JSON for programs.") var json = false

    func run(_ context: CommandContext) async throws {
        let keys = try await context.withDatabase(database) { pool in
            let keys = try await APIKeyStore(pool: pool).list(org: org)
            if let org, keys.isEmpty, try await CatalogueStore(pool: pool).items(ofOrganizations: [org]).isEmpty {
                throw CommandError.unknownOrganization(org)
            }
            return keys
        }
        guard !json else { return context.console.print(Self.json(keys).description) }
        guard !keys.isEmpty else {
            return context.console.note("There are no keys: weir key create --org ORG --name NAME")
        }
        var table = TextTable("org", "name", "begins with", "made", "revoked")
        for key in keys {
            table.add(
                [key.org, key.name, key.prefix]
                    + [key.createdAt, key.revokedAt].map { $0.map { InstantText.minute(Self.text($0)) } ?? "" })
        }
        context.console.print(table)
    }

    private static func json(_ keys: [APIKeyRecord]) -> JSONValue {
        .array(
            keys.map { key in
                [
                    "id": .string("\(key.id)"), "org": .string(key.org), "name": .string(key.name),
                    "prefix": .string(key.prefix),
                    "created_at": .string(text(key.createdAt)),
                    "revoked_at": key.revokedAt.map { .string(text($0)) } ?? .null,
                ]
            })
    }

    private static func text(_ date: Date) -> String { date.formatted(.iso8601) }
}

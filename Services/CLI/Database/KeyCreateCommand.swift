import ArgumentParser
import JSON
import Store

/// Makes a key.
struct KeyCreateCommand: WeirCommand {
    static let configuration = CommandConfiguration(
        commandName: "create", abstract: "Make a key for an organization. It is shown once.",
        discussion: """
            The key alone goes to standard output, so that a program can take it:
              WEIR_API_KEY=$(weir key create --org demo --name ci)
            """)

    @Option(help: "The key of the organization, as the catalogue names it.") var org: String
    @Option(help: "What the key is for.") var name: String
    @OptionGroup var database: DatabaseOptions
    @Flag(help: "Print JSON for programs.") var json = false

    func check() throws {
        guard (1...200).contains(name.count) else { throw ValidationError("--name takes 1 to 200 characters.") }
    }

    func run(_ context: CommandContext) async throws {
        let key = APIKeyText.make()
        let id = try await context.withDatabase(database) { pool in
            try await APIKeyStore(pool: pool).create(org: org, name: name, prefix: key.prefix, hash: key.hash)
        }
        guard let id else { throw CommandError.unknownOrganization(org) }
        guard !json else {
            return context.console.print(
                JSONValue.object([
                    "id": .string("\(id)"), "org": .string(org), "name": .string(name), "prefix": .string(key.prefix),
                    "key": .string(key.text),
                ]).description)
        }
        context.console.note("A key for \(org), shown this once; keep it safe:")
        context.console.print(key.text)
    }
}

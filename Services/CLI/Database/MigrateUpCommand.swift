import ArgumentParser
import JSON
import Store

/// Runs what is pending.
struct MigrateUpCommand: WeirCommand {
    static let configuration = CommandConfiguration(
        commandName: "up", abstract: "Run the migrations that are pending.",
        discussion:
            "Each runs in one transaction: one that fails leaves nothing behind. Several may be started at once; one migrates, the others wait."
    )

    @OptionGroup var options: MigrateOptions
    @Flag(help: "Print JSON for programs.") var json = false

    func run(_ context: CommandContext) async throws {
        let console = context.console
        let names = try await context.withMigrator(options) { migrator in
            try await migrator.up { name in console.note("running \(name)") }
        }
        guard !json else {
            return console.print(JSONValue.object(["applied": .array(names.map { .string($0) })]).description)
        }
        console.print(
            names.isEmpty
                ? "The schema is up to date." : "Ran \(names.count) of the migrations; the schema is up to date.")
    }
}

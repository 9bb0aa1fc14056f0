import ArgumentParser
import JSON
import Store

/// Goes back.
struct MigrateDownCommand: WeirCommand {
    static let configuration = CommandConfiguration(
        commandName: "down", abstract: "Take migrations back, newest first.",
        discussion: """
            Without --to the newest one is taken back. Tables that go take their rows with them.

            Examples:
              weir migrate down               the newest
              weir migrate down --to 0        all of them: an empty database
            """)

    @Option(help: "The number of the migration that is to be the newest afterwards; 0 for none.") var to: Int32?
    @OptionGroup var options: MigrateOptions
    @Flag(help: "Print JSON for programs.") var json = false

    func check() throws {
        if let to, to < 0 { throw ValidationError("--to takes 0 or the number of a migration.") }
    }

    func run(_ context: CommandContext) async throws {
        let console = context.console
        let names = try await context.withMigrator(options) { migrator in
            let newest = try await migrator.status().filter { $0.standing == .applied }.map(\.version).max() ?? 0
            let target = to ?? max(0, newest - 1)
            guard target <= newest else {
                throw CommandError(
                    "The newest migration is \(newest); there is no way down to \(target)",
                    remedy: "See 'weir migrate status'")
            }
            return try await migrator.down(to: target) { name in console.note("taking back \(name)") }
        }
        guard !json else {
            return console.print(JSONValue.object(["reverted": .array(names.map { .string($0) })]).description)
        }
        console.print(names.isEmpty ? "There was nothing to take back." : "Took \(names.count) of the migrations back.")
    }
}

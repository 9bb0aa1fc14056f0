import ArgumentParser
import Contracts
import Store

/// Says by its exit status whether schema and files agree.
struct MigrateVerifyCommand: WeirCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Check that all migrations have run and none was edited since.",
        discussion: "The exit status is 0 only if database and files agree.")

    @OptionGroup var options: MigrateOptions

    func run(_ context: CommandContext) async throws {
        let statuses = try await context.withMigrator(options) { try await $0.status() }
        let wrong = statuses.filter { $0.standing != .applied }
        guard wrong.isEmpty else {
            let isPending = wrong.allSatisfy { $0.standing == .pending }
            throw CommandError(
                "The database and the migrations' files do not agree",
                details: wrong.map { "\($0.name): \($0.standing.rawValue)" },
                remedy: isPending
                    ? "Run 'weir migrate up'"
                    : "Put edited files back and write a new migration for the change; for unknown ones use the newer program"
            )
        }
        context.console.print("Of \(Quantity(statuses.count, "migration")) all have run, and none was edited since.")
    }
}

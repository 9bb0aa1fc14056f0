import ArgumentParser
import JSON
import Store

/// Shows how each migration stands.
struct MigrateStatusCommand: WeirCommand {
    static let configuration = CommandConfiguration(commandName: "status", abstract: "Show how each migration stands.")

    @OptionGroup var options: MigrateOptions
    @Flag(help: "Print JSON for programs.") var json = false

    func run(_ context: CommandContext) async throws {
        let statuses = try await context.withMigrator(options) { try await $0.status() }
        guard !json else { return context.console.print(Self.json(statuses).description) }
        context.console.print(Self.table(statuses))
        let pending = statuses.count { $0.standing == .pending }
        if pending > 0 { context.console.note("\(pending) pending: weir migrate up") }
    }

    static func table(_ statuses: [Migrator.Status]) -> TextTable {
        var table = TextTable("migration", "standing", "meaning")
        for status in statuses { table.add([status.name, status.standing.rawValue, meaning(status.standing)]) }
        return table
    }

    static func json(_ statuses: [Migrator.Status]) -> JSONValue {
        .array(
            statuses.map { status in
                [
                    "version": .number(JSONNumber(status.version)), "name": .string(status.name),
                    "standing": .string(status.standing.rawValue),
                ]
            })
    }

    private static func meaning(_ standing: Migrator.Status.Standing) -> String {
        switch standing {
        case .applied: ""
        case .pending: "not run yet"
        case .edited: "the file was changed after it had run"
        case .unknown: "the database is newer than this program"
        }
    }
}

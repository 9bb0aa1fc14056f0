import ArgumentParser

/// Brings the schema of the database forward and back.
struct MigrateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate",
        abstract: "Bring the database's schema forward and back.",
        discussion: """
            Examples:
              weir migrate up                 run what is pending
              weir migrate status             how each migration stands
              weir migrate verify             check that all have run unedited
              weir migrate down --to 6        back to 0006; data goes with its tables

            'weir up' migrates its own database by itself.
            """,
        subcommands: [
            MigrateUpCommand.self, MigrateDownCommand.self, MigrateStatusCommand.self, MigrateVerifyCommand.self,
        ]
    )
}

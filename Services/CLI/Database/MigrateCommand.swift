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
              weir migrate verify             status 0 only if all have run and none was edited since
              weir migrate down --to 6        go back until 0006 is the newest; data of what goes is lost

            'weir up' migrates its own database by itself.
            """,
        subcommands: [
            MigrateUpCommand.self, MigrateDownCommand.self, MigrateStatusCommand.self, MigrateVerifyCommand.self,
        ]
    )
}

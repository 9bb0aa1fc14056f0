import ArgumentParser

/// Sources.
struct SourceCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "source",
        abstract: "Try sources out.",
        discussion: """
            Example:
              weir source test registry --object "Eiche Bakery" -f catalogue.yaml
            """,
        subcommands: [SourceTestCommand.self])
}

import ArgumentParser

/// Keys of clients.
struct KeyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "key",
        abstract: "Make, list and revoke the API keys of clients.",
        discussion: """
            A key stands for one organization. It is shown once, when it is made; the database keeps its SHA-256 only.

            Examples:
              weir key create --org demo --name "nightly import"
              weir key list
              weir key revoke weir_3kQfT0a

            (The keys of the bus are 'weir keys'.)
            """,
        subcommands: [KeyCreateCommand.self, KeyListCommand.self, KeyRevokeCommand.self]
    )
}

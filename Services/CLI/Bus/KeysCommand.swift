import ArgumentParser
import JSON
import Messaging

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Keys of the bus.
struct KeysCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys",
        abstract: "Make, show and revoke the CURVE keys with which services reach the bus.",
        discussion: """
            A directory holds the bus' own pair, one pair for each client, and the list of clients that may connect; WEIR_BUS_KEYS \
            names it. Keys that exist stay. The bus reads the list when it starts. 'weir up' makes keys for itself.

            A machine that runs one service needs bus.pub and that service's file in clients/ only.

            Examples:
              weir keys create --directory /etc/weir/bus-keys weir-intake weir
              weir keys show
              weir keys revoke weir-executor

            (The keys of clients of the HTTP API are 'weir key'.)
            """,
        subcommands: [KeysCreateCommand.self, KeysShowCommand.self, KeysRevokeCommand.self]
    )
}

/// Which directory of keys.
struct KeysOptions: ParsableArguments {
    @Option(help: "The directory of the keys. Default: WEIR_BUS_KEYS, then that of 'weir up' in this clone.")
    var directory: String?

    func keys(_ context: CommandContext) throws -> KeyDirectory {
        KeyDirectory(
            path: try directory.map(context.path) ?? context.variable("WEIR_BUS_KEYS")
                ?? context.stateDirectory().busKeysPath)
    }

    /// The keys of a directory that has some.
    func existingKeys(_ context: CommandContext) throws -> KeyDirectory {
        let keys = try keys(context)
        guard FileManager.default.fileExists(atPath: keys.path) else {
            throw CommandError.usage(
                "There are no keys of the bus: \(keys.path) is not there",
                remedy: "'weir keys create' makes them; --directory or WEIR_BUS_KEYS names another place")
        }
        return keys
    }
}

import ArgumentParser
import JSON
import Messaging

/// Shows public keys.
struct KeysShowCommand: WeirCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show who may connect to the bus, by public key. Secret keys are never shown.")

    @OptionGroup var options: KeysOptions
    @Flag(help: "Print JSON for programs.") var json = false

    func run(_ context: CommandContext) async throws {
        let keys = try options.existingKeys(context)
        let clients = try keys.authorizedKeys().sorted { ($0.value, $0.key) < ($1.value, $1.key) }
        let server = try? keys.serverKeys().keys.publicKey
        guard !json else {
            return context.console.print(
                JSONValue.object([
                    "directory": .string(keys.path), "bus": server.map { .string($0) } ?? .null,
                    "clients": .array(clients.map { ["name": .string($0.value), "public_key": .string($0.key)] }),
                ]).description)
        }
        var table = TextTable("who", "public key")
        if let server { table.add(["(the bus)", server]) }
        for client in clients { table.add([client.value, client.key]) }
        context.console.print(table)
    }
}

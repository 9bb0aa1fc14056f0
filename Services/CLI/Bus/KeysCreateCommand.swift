import ArgumentParser
import Messaging

/// Makes keys.
struct KeysCreateCommand: WeirCommand {
    static let configuration = CommandConfiguration(
        commandName: "create", abstract: "Make the keys that are missing, and let their clients connect.",
        discussion: "Without names: all services, and this command.")

    @Argument(help: "The clients, e.g. weir-intake.") var names: [String] = []
    @OptionGroup var options: KeysOptions

    func run(_ context: CommandContext) async throws {
        let keys = try options.keys(context)
        let names = names.isEmpty ? BusKeys.clients : names
        try keys.create(clients: names)
        context.console.print("\(keys.path) has keys for the bus and \(names.joined(separator: ", ")).")
        context.console.note("A bus that runs reads its list when it starts anew.")
    }
}

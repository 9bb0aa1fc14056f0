import ArgumentParser
import Contracts
import Messaging

/// Revokes keys.
struct KeysRevokeCommand: WeirCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke", abstract: "Take a client off the list of those who may connect, and remove its keys.")

    @Argument(help: "The client, as 'weir keys show' names it.") var name: String
    @OptionGroup var options: KeysOptions

    func run(_ context: CommandContext) async throws {
        let keys = try options.existingKeys(context)
        let known = Set(try keys.authorizedKeys().values)
        guard known.contains(name) else {
            let nearest = NearestWord.find(name, among: known.sorted())
            throw CommandError(
                "There is no client '\(name)' in \(keys.path)" + (nearest.map { "; did you mean '\($0)'?" } ?? ""),
                remedy: "See 'weir keys show'")
        }
        try keys.revoke(client: name)
        context.console.print("\(name) may not connect any more once the bus has started anew.")
    }
}

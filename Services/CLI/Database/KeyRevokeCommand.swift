import ArgumentParser
import Store

/// Revokes keys.
struct KeyRevokeCommand: WeirCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke", abstract: "Make a key worthless at once.",
        discussion: "Example:\n  weir key revoke weir_3kQfT0a")

    @Argument(help: "The key's id or beginning, as 'weir key list' shows them; or the key itself.") var key: String
    @OptionGroup var database: DatabaseOptions

    func run(_ context: CommandContext) async throws {
        let found = try await context.withDatabase(database) { pool in
            let store = APIKeyStore(pool: pool)
            let count = try await store.revoke(key)
            // Somebody who holds a key that leaked has it whole.
            return count > 0 || !key.hasPrefix("weir_") ? count : try await store.revoke(APIKeyText(key).prefix)
        }
        guard found > 0 else {
            throw CommandError("There is no key '\(APIKeyText(key).prefix)'", remedy: "See 'weir key list'")
        }
        context.console.print(found == 1 ? "The key is revoked." : "\(found) keys with this beginning are revoked.")
    }
}

import Foundation

/// The account under which a test server runs: the server refuses root, so root lends it another one.
struct ServerAccount: Sendable {
    let user: uid_t
    let group: gid_t

    /// nil when the process may run the server itself.
    static func needed() throws -> ServerAccount? {
        guard geteuid() == 0 else { return nil }
        for name in ["postgres", "nobody"] {
            if let entry = getpwnam(name) {
                return ServerAccount(user: entry.pointee.pw_uid, group: entry.pointee.pw_gid)
            }
        }
        throw TestServerError("neither the account postgres nor nobody exists")
    }

    /// Puts a change of account in front of a command.
    static func command(_ account: ServerAccount?, _ arguments: [String]) -> [String] {
        guard let account else { return arguments }
        return [
            "setpriv", "--reuid=\(account.user)", "--regid=\(account.group)", "--clear-groups",
        ] + arguments
    }
}

/// Why a test server does not do what a test needs.
public struct TestServerError: Error, CustomStringConvertible {
    /// The reason, with the output of the command that failed.
    public let description: String

    init(_ description: String) {
        self.description = description
    }
}

import Glibc

/// An account of this machine, under which Postgres runs when Weir is started by root: Postgres refuses to be root.
struct ServerAccount: Sendable, Equatable {
    let name: String
    let userID: UInt32
    let groupID: UInt32

    /// The account that Postgres needs here: `postgres`, else `nobody`, for root; none for anybody else.
    static func required(effectiveUserID: UInt32 = geteuid()) throws(UpError) -> ServerAccount? {
        guard effectiveUserID == 0 else { return nil }
        if let account = lookUp("postgres") ?? lookUp("nobody") { return account }
        throw UpError(
            "Postgres refuses to run as root, and there is neither an account postgres nor nobody",
            remedy: "Run as an ordinary user, or install Debian's postgresql package (scripts/setup does)")
    }

    /// The account of that name.
    static func lookUp(_ name: String) -> ServerAccount? {
        var entry = passwd()
        var found: UnsafeMutablePointer<passwd>?
        var buffer = [CChar](repeating: 0, count: 16_384)
        guard getpwnam_r(name, &entry, &buffer, buffer.count, &found) == 0, found != nil else { return nil }
        return ServerAccount(name: name, userID: entry.pw_uid, groupID: entry.pw_gid)
    }
}

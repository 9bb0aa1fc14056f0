import Glibc

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Where one instance of Weir keeps what it needs on this machine: the cluster, sockets, keys, logs, and a note for other `weir`
/// commands. Each clone has its own, so two clones run beside each other.
struct StateDirectory: Sendable, Equatable {
    /// The longest path of a directory of sockets: `sun_path` holds 107 bytes (unix(7)), of which Postgres' socket name and its
    /// lock file take 21.
    static let socketDirectoryLengthMax = 107 - "/.s.PGSQL.5432.lock".utf8.count - 2

    /// The absolute path.
    let path: String

    init(path: String) {
        self.path = path
    }

    var lockPath: String { "\(path)/lock" }
    /// What other `weir` commands read to find the running instance; see ``RunningInstance``.
    var instancePath: String { "\(path)/up.json" }
    var logDirectory: String { "\(path)/logs" }
    /// Where the key of the demo organization is kept (mode 0600).
    var apiKeyPath: String { "\(path)/api-key" }
    /// Where the key that signs links to large results is kept; see ``SigningKey``.
    var signingKeyPath: String { "\(path)/signing-key" }
    /// The port of intake, which the next start takes again; see ``RememberedPort``.
    var httpPortPath: String { "\(path)/http-port" }
    /// Names the directory of the cluster when it had to be outside; `make clean` reads it.
    var clusterNotePath: String { "\(path)/cluster-path" }

    /// Ten characters that stand for this directory in paths outside of it (FNV-1a, 64 bits, cut).
    var shortHash: String {
        let hash = path.utf8.reduce(UInt64(0xCBF2_9CE4_8422_2325)) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
        return String(String(hash, radix: 36).suffix(10))
    }

    /// The directory that `WEIR_STATE_DIR` names, else `.weir` in the clone that holds the running executable, else
    /// `weir` in the account's directory for state (XDG_STATE_HOME, by default `~/.local/state`).
    ///
    /// - Parameters:
    ///   - environment: the variables of the process.
    ///   - executablePath: the running executable, links resolved.
    ///   - currentDirectory: what a relative `WEIR_STATE_DIR` is relative to.
    static func locate(
        environment: [String: String],
        executablePath: String,
        currentDirectory: String
    ) throws(UpError) -> StateDirectory {
        if let named = environment["WEIR_STATE_DIR"], !named.isEmpty {
            return StateDirectory(path: normalized(named.hasPrefix("/") ? named : "\(currentDirectory)/\(named)"))
        }
        if let clone = cloneRoot(of: executablePath) { return StateDirectory(path: "\(clone)/.weir") }
        if let home = environment["XDG_STATE_HOME"], home.hasPrefix("/") {
            return StateDirectory(path: normalized("\(home)/weir"))
        }
        if let home = environment["HOME"], home.hasPrefix("/") {
            return StateDirectory(path: normalized("\(home)/.local/state/weir"))
        }
        throw UpError(
            "There is no place for Weir's state: neither WEIR_STATE_DIR nor HOME is set",
            remedy: "Set WEIR_STATE_DIR to a directory that you can write")
    }

    /// The nearest directory above `path` that has a Package.swift and a folder Services, within eight levels.
    static func cloneRoot(of path: String) -> String? {
        var directory = path[...]
        for _ in 0..<8 {
            guard let slash = directory.lastIndex(of: "/"), slash != directory.startIndex else { return nil }
            directory = directory[..<slash]
            if access("\(directory)/Package.swift", R_OK) == 0, access("\(directory)/Services", X_OK) == 0 {
                return String(directory)
            }
        }
        return nil
    }

    private static func normalized(_ path: String) -> String {
        var normalized = URL(filePath: path).standardizedFileURL.path(percentEncoded: false)
        while normalized.count > 1, normalized.last == "/" { normalized.removeLast() }
        return normalized
    }
}

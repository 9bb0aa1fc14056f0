import Glibc

/// Makes directories that only their owner can enter, also under `/tmp`, where anybody may have been first.
enum DirectoryPrivacy {
    /// Makes `path` with its parents, or takes it as it is when it is a directory (no link) that belongs to `owner` and that nobody
    /// else can write.
    ///
    /// - Parameters:
    ///   - mode: the permissions, e.g. 0o700.
    ///   - account: who shall own it; nil for the account of this process.
    static func make(_ path: String, mode: mode_t, account: ServerAccount? = nil) throws(UpError) {
        try makeParents(of: path)
        if mkdir(path, mode) == 0 {
            // mkdir is subject to the umask; chmod is not.
            guard chmod(path, mode) == 0 else { throw failure("set the permissions of", path) }
            if let account, chown(path, account.userID, account.groupID) != 0 { throw failure("hand over", path) }
            return
        }
        guard errno == EEXIST else { throw failure("make", path) }
        var information = stat()
        guard lstat(path, &information) == 0 else { throw failure("look at", path) }
        let owner = account?.userID ?? geteuid()
        guard information.st_uid == owner else {
            // Whatever is in it is that account's, perhaps its database: nothing to remove.
            throw UpError(
                "\(path) belongs to another account (\(information.st_uid))",
                remedy: "Set WEIR_STATE_DIR to a directory of your own")
        }
        guard information.st_mode & S_IFMT == S_IFDIR, information.st_mode & 0o022 == 0
        else {
            throw UpError(
                "\(path) exists, but is not a directory that belongs to \(account?.name ?? "you") alone",
                remedy: "Remove it, or set WEIR_STATE_DIR to another directory")
        }
        if information.st_mode & 0o777 != mode { chmod(path, mode) }
    }

    /// Whether any account can pass through `path` and all directories above it.
    static func isTraversableByOthers(_ path: String) -> Bool {
        var directory = path
        while true {
            var information = stat()
            if stat(directory, &information) == 0, information.st_mode & S_IXOTH == 0 { return false }
            guard directory != "/", let slash = directory.lastIndex(of: "/") else { return true }
            directory = slash == directory.startIndex ? "/" : String(directory[..<slash])
        }
    }

    private static func makeParents(of path: String) throws(UpError) {
        guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return }
        let parent = String(path[..<slash])
        if access(parent, F_OK) == 0 { return }
        try makeParents(of: parent)
        guard mkdir(parent, 0o755) == 0 || errno == EEXIST else { throw failure("make", parent) }
    }

    private static func failure(_ verb: String, _ path: String) -> UpError {
        UpError(
            "Cannot \(verb) \(path) (\(String(cString: strerror(errno))))",
            remedy: "Set WEIR_STATE_DIR to a directory that you can write")
    }
}

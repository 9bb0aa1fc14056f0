import Glibc

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

extension StateDirectory {
    /// Makes the directory and takes it for this process until the lock is released.
    ///
    /// - Throws: ``UpError`` when another process has it, naming that process and its URL.
    func acquire() throws -> FileLock {
        // Root's directory can be passed through, since Postgres runs under another account inside it; the files are 0600.
        try DirectoryPrivacy.make(path, mode: geteuid() == 0 ? 0o711 : 0o700)
        if let lock = try FileLock(path: lockPath) { return lock }
        let running = RunningInstance.read(self)
        let who = running.map { " (process \($0.processID), \($0.url))" } ?? ""
        throw UpError(
            "Weir already runs with the state in \(path)\(who)",
            remedy: "Use it, stop it with Ctrl-C where it runs, or set WEIR_STATE_DIR to another directory")
    }

    /// Where Unix sockets go: `run` inside, or a directory under `/tmp` when that path is too long for a socket, or when the
    /// account that runs Postgres for root cannot get there.
    var socketDirectory: String {
        let inside = "\(path)/run"
        let isReachable = geteuid() != 0 || DirectoryPrivacy.isTraversableByOthers(path)
        return isReachable && inside.utf8.count <= Self.socketDirectoryLengthMax
            ? inside : "/tmp/weir-\(geteuid())-\(shortHash)"
    }

    /// Where the broker's sockets go; only the account that runs the services can enter.
    var busDirectory: String { "\(socketDirectory)/bus" }

    /// Where the cluster goes: `postgres` inside, or under `/var/tmp` when the account that it needs cannot get there.
    func clusterDirectory(for account: ServerAccount?) -> String {
        guard account != nil, !DirectoryPrivacy.isTraversableByOthers(path) else { return "\(path)/postgres" }
        return "/var/tmp/weir-\(geteuid())-\(shortHash)"
    }

    /// Notes where the cluster is when it had to be outside, for those who clean up by hand or with `make clean`.
    func noteCluster(_ location: ClusterLocation) throws {
        guard !location.directory.hasPrefix(path + "/") else { return }
        try Data("\(location.directory)\n".utf8).write(to: URL(filePath: clusterNotePath))
    }

    /// Removes everything, also what had to be outside; for ephemeral instances, after their stop.
    func remove() throws {
        let account = try ServerAccount.required()
        for path in [clusterDirectory(for: account), socketDirectory, path]
        where FileManager.default.fileExists(atPath: path) {
            try FileManager.default.removeItem(atPath: path)
        }
    }

    /// Removes what takes room, and leaves the logs to read; for ephemeral instances that failed.
    func removeAllButLogs() throws {
        let location = try ClusterLocation(self)
        for path in [location.dataDirectory, socketDirectory] where FileManager.default.fileExists(atPath: path) {
            try FileManager.default.removeItem(atPath: path)
        }
    }

    /// A new, empty directory of its own under the system's directory for temporary files.
    static func ephemeral() throws(UpError) -> StateDirectory {
        var template = Array("/tmp/weir-XXXXXX".utf8CString)
        let made = template.withUnsafeMutableBufferPointer { buffer in
            buffer.baseAddress.flatMap { mkdtemp($0) }.map { String(cString: $0) }
        }
        guard let path = made else {
            throw UpError(
                "Cannot make a directory under /tmp (\(String(cString: strerror(errno))))",
                remedy: "Make room there, or set WEIR_STATE_DIR")
        }
        // Root's may be passed through by the account that runs Postgres, see acquire().
        if geteuid() == 0 { chmod(path, 0o711) }
        return StateDirectory(path: path)
    }
}

import Glibc

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Makes the data directory of a cluster, with the superuser and the database `weir`.
///
/// It is made beside its place and moved there when it is whole, so that an interrupted first start leaves nothing half made.
struct ClusterInitialization {
    let location: ClusterLocation
    let binaries: PostgresBinaries
    let isDurable: Bool

    private var newDirectory: String { "\(location.directory)/data.new" }

    /// Does nothing when the cluster is there.
    ///
    /// - Throws: ``UpError``, also when the cluster was made by another major version of Postgres.
    func run() async throws {
        if let made = try? String(contentsOfFile: "\(location.dataDirectory)/PG_VERSION", encoding: .utf8) {
            return try await checkVersion(made: made.filter { !$0.isWhitespace })
        }
        if FileManager.default.fileExists(atPath: newDirectory) {
            try FileManager.default.removeItem(atPath: newDirectory)
        }
        try await runInitdb()
        try await createDatabase()
        guard rename(newDirectory, location.dataDirectory) == 0 else {
            throw UpError(
                "Cannot move \(newDirectory) to its place (\(String(cString: strerror(errno))))",
                remedy: "Remove \(location.directory)")
        }
    }

    private func runInitdb() async throws {
        var arguments = [
            "--pgdata", newDirectory, "--username", ClusterLocation.ownerName, "--auth", "trust", "--encoding", "UTF8",
            "--locale", "C.UTF-8", "--no-instructions",
        ]
        if !isDurable { arguments.append("--no-sync") }
        try await runProgram(binaries.initdb, arguments, purpose: "make the cluster")
    }

    /// A single-user server needs neither socket nor client; it reads its statements from a file.
    private func createDatabase() async throws {
        let statementPath = "\(newDirectory)/create-database.sql"
        let statement = Data("CREATE DATABASE \(ClusterLocation.databaseName)\n".utf8)
        guard
            FileManager.default.createFile(
                atPath: statementPath, contents: statement, attributes: [.posixPermissions: 0o644])
        else { throw UpError("Cannot write \(statementPath)", remedy: "Make room on its disk") }
        defer { unlink(statementPath) }
        var arguments = ["--single", "-D", newDirectory]
        if !isDurable { arguments += ["-c", "fsync=off"] }
        try await runProgram(
            binaries.postgres, arguments + ["postgres"], inputPath: statementPath, purpose: "make the database")
    }

    private func runProgram(_ program: String, _ arguments: [String], inputPath: String? = nil, purpose: String)
        async throws
    {
        let logStart = LogTail.size(location.logPath)
        let status = try await ChildProcess.run(
            ChildCommand(
                executable: program, arguments: arguments, environment: ClusterSettings.environment,
                workingDirectory: location.directory, inputPath: inputPath, outputPath: location.logPath,
                account: location.account, deathSignal: .kill))
        guard status.isSuccess else {
            throw UpError(
                "Cannot \(purpose) in \(location.directory) (\(status)): \(PostgresLog.reason(location.logPath, from: logStart))",
                remedy: "See \(location.logPath)")
        }
    }

    private func checkVersion(made: String) async throws {
        let versionPath = "\(location.directory)/version"
        defer { unlink(versionPath) }
        _ = try await ChildProcess.run(
            ChildCommand(
                executable: binaries.postgres, arguments: ["--version"], workingDirectory: "/",
                outputPath: versionPath, account: location.account))
        // `postgres (PostgreSQL) 15.20 (Debian …)`
        let text = (try? String(contentsOfFile: versionPath, encoding: .utf8)) ?? ""
        let installed = text.split(separator: " ").dropFirst(2).first.map { $0.prefix(while: \.isNumber) } ?? ""
        guard !installed.isEmpty else {
            throw UpError(
                "Postgres does not say its version but: \(text.prefix(200))",
                remedy: "Run \(binaries.postgres) --version")
        }
        guard made == installed else {
            throw UpError(
                "The cluster in \(location.dataDirectory) was made by Postgres \(made); installed is \(installed)",
                remedy: "Install Postgres \(made), or set WEIR_STATE_DIR to another directory to begin anew")
        }
    }
}

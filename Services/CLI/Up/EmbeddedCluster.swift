import Glibc

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A Postgres server of our own: its data in a private directory, reached only over a Unix socket in another one.
///
/// Access is by the file system: who can enter the socket's directory is trusted as any role. The server is a child of this
/// process and stops with it, however that ends. An existing data directory is used again.
final class EmbeddedCluster: Sendable {
    /// How long a start may take: crash recovery of a large write-ahead log included.
    static let startTimeoutDefault: Duration = .seconds(120)

    let location: ClusterLocation
    private let server: ChildProcess
    /// Where in its log this start begins.
    private let logStart: Int

    private init(location: ClusterLocation, server: ChildProcess, logStart: Int) {
        self.logStart = logStart
        self.location = location
        self.server = server
    }

    /// Makes the cluster if there is none yet, starts it, and waits until it answers.
    ///
    /// - Parameters:
    ///   - isDurable: false skips the syncs of initdb only; the server always syncs.
    ///   - settings: set on the server's command line, over ``ClusterSettings/standard``.
    /// - Throws: ``UpError`` with the server's last words.
    static func start(
        _ location: ClusterLocation,
        binaries: PostgresBinaries,
        settings: [String: String] = [:],
        isDurable: Bool = true,
        timeout: Duration = startTimeoutDefault
    ) async throws -> EmbeddedCluster {
        try DirectoryPrivacy.make(location.directory, mode: 0o700, account: location.account)
        try DirectoryPrivacy.make(location.socketDirectory, mode: 0o700, account: location.account)
        try await ClusterInitialization(location: location, binaries: binaries, isDurable: isDurable).run()
        try await stopSurvivor(location)
        var arguments = ["-D", location.dataDirectory]
        let ownSettings = [
            "listen_addresses": "", "unix_socket_directories": location.socketDirectory,
            "unix_socket_permissions": "0700",
        ]
        let all = ClusterSettings.standard.merging(settings) { $1 }.merging(ownSettings) { $1 }
        for (name, value) in all.sorted(by: { $0.key < $1.key }) { arguments += ["-c", "\(name)=\(value)"] }
        let logStart = LogTail.size(location.logPath)
        let server = try await ChildProcess.start(
            ChildCommand(
                executable: binaries.postgres, arguments: arguments, environment: ClusterSettings.environment,
                workingDirectory: location.directory, outputPath: location.logPath, account: location.account,
                // Fast shutdown: sessions are cut off, the checkpoint is written.
                deathSignal: .interrupt))
        let cluster = EmbeddedCluster(location: location, server: server, logStart: logStart)
        try await cluster.waitUntilReady(timeout: timeout)
        return cluster
    }

    /// Stops the server: fast shutdown for 30 s, then immediate shutdown, then SIGKILL.
    func stop() async {
        await server.stop([(SIGINT, .seconds(30)), (SIGQUIT, .seconds(5))])
    }

    /// How the server ended, as soon as it has.
    var exitStatus: ChildExit { get async { await server.exitStatus } }

    /// Why it failed, as its log has it.
    var failure: String { PostgresLog.reason(location.logPath, from: logStart) }

    /// The server's process, for tests and the status.
    var processID: pid_t { server.processID }

    /// The server says in `postmaster.pid` when it answers, as pg_ctl(1) reads it too; there is nothing to wait on but the file.
    private func waitUntilReady(timeout: Duration) async throws {
        let deadline = ContinuousClock.now + timeout
        while true {
            let file = PostmasterFile.read(dataDirectory: location.dataDirectory)
            if let file, file.processID == server.processID, file.isReady { return }
            guard server.isRunning else {
                throw UpError(
                    "Postgres did not start (\(await server.exitStatus)): \(failure)",
                    remedy: "See \(location.logPath)")
            }
            guard ContinuousClock.now < deadline, !Task.isCancelled else {
                await stop()
                try Task.checkCancellation()
                throw UpError("Postgres did not answer within \(timeout)", remedy: "See \(location.logPath)")
            }
            try? await Task.sleep(for: .milliseconds(10))
        }
    }

    /// Stops a server that outlived the process that started it: after a kill -9 the kernel asks it to stop, which takes a moment.
    /// The state directory's lock says that nobody else uses it.
    private static func stopSurvivor(_ location: ClusterLocation) async throws {
        guard let file = PostmasterFile.read(dataDirectory: location.dataDirectory) else { return }
        guard file.isServer(ofDataDirectory: location.dataDirectory) else {
            // The number belongs to nobody or to another process, which would keep Postgres from starting.
            unlink(PostmasterFile.path(dataDirectory: location.dataDirectory))
            return
        }
        for (signal, tries) in [(SIGINT, 1_000), (SIGQUIT, 500), (SIGKILL, 500)] {
            kill(file.processID, signal)
            for _ in 0..<tries {
                guard file.isServer(ofDataDirectory: location.dataDirectory) else { return }
                try await Task.sleep(for: .milliseconds(10))
            }
        }
        throw UpError(
            "An older Postgres server (process \(file.processID)) still runs on \(location.dataDirectory) and does not stop",
            remedy: "Stop it by hand")
    }
}

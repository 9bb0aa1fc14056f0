import Foundation
import Logging
import Postgres

/// A private Postgres server for tests: on a Unix socket in a short temporary directory, under an account that is not root.
///
/// It ends with the test process, however that ends: a watchdog holds the reading end of a pipe, and when the process is gone the
/// pipe's end wakes it, and it stops the server and removes the directory.
public final class PostgresCluster: Sendable {
    /// How the server is asked to stop (`pg_ctl stop -m`).
    public enum StopMode: String, Sendable {
        /// Ends the sessions and writes everything down.
        case fast
        /// Ends at once; the next start recovers.
        case immediate
    }

    private let directory: URL
    private let binaries: URL
    private let account: ServerAccount?
    private let watchdog: Watchdog
    private let databases = DatabaseNames()

    private var dataPath: String { directory.appending(path: "data").path }

    /// The cluster that all tests of this process share; the first call starts it. Do not stop it: use a cluster of your own for that.
    public static func shared() async throws -> PostgresCluster {
        try await sharedCluster.value
    }

    private static let sharedCluster = Task { try await PostgresCluster() }

    /// Makes and starts a cluster.
    ///
    /// - Parameter settings: settings of `postgresql.conf`; they win over the defaults, which give durability up for speed.
    public init(settings: [String: String] = [:]) async throws {
        account = try ServerAccount.needed()
        binaries = try await Self.findBinaries()
        directory = try Self.makeDirectory(for: account)
        watchdog = try Watchdog(
            directory: directory,
            stop: ServerAccount.command(
                account,
                [binaries.appending(path: "pg_ctl").path, "stop", "-m", "immediate", "-D", directory.path + "/data"]))
        try await run(
            "initdb", "-D", dataPath, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
        try configure(settings)
        try await start()
    }

    /// Starts a server that was stopped or killed, and waits until it takes connections.
    public func start() async throws {
        try await run("pg_ctl", "start", "-w", "-D", dataPath, "-l", directory.appending(path: "server.log").path)
    }

    /// Stops the server and waits for its end.
    public func stop(_ mode: StopMode = .fast) async throws {
        try await run("pg_ctl", "stop", "-w", "-m", mode.rawValue, "-D", dataPath)
    }

    /// Stops the server and starts it again.
    public func restart(_ mode: StopMode = .fast) async throws {
        try await stop(mode)
        try await start()
    }

    /// Kills the server's first process with SIGKILL; its children follow by themselves. ``start()`` recovers.
    public func kill() throws {
        let process = try firstProcess()
        guard Foundation.kill(process, SIGKILL) == 0 else { throw TestServerError("kill failed: errno \(errno)") }
    }

    private func firstProcess() throws -> pid_t {
        let file = directory.appending(path: "data/postmaster.pid")
        let content = try String(contentsOf: file, encoding: .utf8)
        guard let line = content.split(separator: "\n").first, let process = pid_t(line), process > 1 else {
            throw TestServerError("no process id in \(file.path)")
        }
        return process
    }

    /// Makes the server hang: all its processes stop where they are, and the kernel goes on to take what is sent to them.
    /// ``resume()`` ends that, and has to be called.
    public func suspend() throws { try signal(SIGSTOP) }

    /// Makes one session hang, given its process id.
    public func suspend(session: Int32) throws {
        guard Foundation.kill(session, SIGSTOP) == 0 else { throw TestServerError("kill failed: errno \(errno)") }
    }

    /// Lets a server that hangs go on.
    public func resume() throws { try signal(SIGCONT) }

    private func signal(_ signal: Int32) throws {
        let first = try firstProcess()
        // The first one first, so that it makes no more of them.
        for process in [first] + Self.children(of: first) where Foundation.kill(process, signal) != 0 {
            // A session may have ended in between.
            guard errno == ESRCH, process != first else { throw TestServerError("kill failed: errno \(errno)") }
        }
    }

    private static func children(of process: pid_t) -> [pid_t] {
        let text = try? String(contentsOfFile: "/proc/\(process)/task/\(process)/children", encoding: .utf8)
        return (text ?? "").split(separator: " ").compactMap { pid_t($0) }
    }

    /// Stops the server and removes everything it left. The end of the process does the same.
    public func remove() async {
        await watchdog.end()
    }

    /// What the server has written to its log.
    public func log() throws -> String {
        try String(contentsOf: directory.appending(path: "server.log"), encoding: .utf8)
    }

    // MARK: Databases

    /// A libpq connection string for a database, as its superuser or as another role.
    public func connectionString(database: String = "postgres", user: String = "postgres") -> String {
        "host=\(directory.path) dbname=\(database) user=\(user)"
    }

    /// Makes a database with a name of its own and gives the name.
    ///
    /// - Parameter template: a database that nobody is connected to; its tables and rows are copied.
    public func createDatabase(fromTemplate template: String = "template0") async throws -> String {
        let name = databases.next()
        try await administer("CREATE DATABASE \"\(name)\" TEMPLATE \"\(template)\"")
        return name
    }

    /// Drops a database and ends the sessions in it.
    public func dropDatabase(_ name: String) async throws {
        try await administer("DROP DATABASE IF EXISTS \"\(name)\" WITH (FORCE)")
    }

    /// Makes a database, lends its connection string to a closure, and drops it.
    public func withDatabase<Output: Sendable>(
        fromTemplate template: String = "template0", _ body: (_ connectionString: String) async throws -> Output
    ) async throws -> Output {
        let name = try await createDatabase(fromTemplate: template)
        do {
            let output = try await body(connectionString(database: name))
            try await dropDatabase(name)
            return output
        } catch {
            try? await dropDatabase(name)  // The closure's error says more.
            throw error
        }
    }

    private func administer(_ sql: String) async throws {
        var configuration = PostgresPool.Configuration(connectionString: connectionString())
        configuration.maxConnections = 1
        let pool = PostgresPool(
            configuration: configuration, logger: Logger(label: "test.cluster") { _ in SwiftLogNoOpLogHandler() })
        do {
            try await pool.execute(Statement("cluster.administer", sql))
        } catch {
            await pool.close()
            throw error
        }
        await pool.close()
    }

    // MARK: Set-up

    private func run(_ program: String, _ arguments: String...) async throws {
        let command = [binaries.appending(path: program).path] + arguments
        try await Command.run(ServerAccount.command(account, command), in: directory)
    }

    private func configure(_ settings: [String: String]) throws {
        let defaults = [
            "listen_addresses": "", "unix_socket_directories": directory.path, "max_connections": "200",
            "fsync": "off", "full_page_writes": "off", "synchronous_commit": "off", "shared_buffers": "32MB",
            "timezone": "UTC", "log_timezone": "UTC",
        ]
        let lines = defaults.merging(settings) { _, own in own }
            .sorted { $0.key < $1.key }.map { "\($0.key) = '\($0.value)'\n" }
        let file = try FileHandle(forWritingTo: directory.appending(path: "data/postgresql.conf"))
        try file.seekToEnd()
        try file.write(contentsOf: Data(lines.joined().utf8))
        try file.close()
    }

    /// A Unix socket's path has at most 107 bytes, so the directory stands in `/tmp`, whatever TMPDIR says.
    private static func makeDirectory(for account: ServerAccount?) throws -> URL {
        var template = Array("/tmp/weir-pg-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw TestServerError("mkdtemp failed: errno \(errno)") }
        let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        if let account, chown(path, account.user, account.group) != 0 {
            throw TestServerError("chown failed: errno \(errno)")
        }
        return URL(fileURLWithPath: path, isDirectory: true)
    }

    /// The newest server in Debian's places, or the one that `pg_config` names.
    private static func findBinaries() async throws -> URL {
        let files = FileManager.default
        let root = URL(fileURLWithPath: "/usr/lib/postgresql")
        let versions = (try? files.contentsOfDirectory(atPath: root.path)) ?? []
        let candidates = versions.sorted { $0.compare($1, options: .numeric) == .orderedDescending }
            .map { root.appending(path: "\($0)/bin") }
        let isServer = { (bin: URL) in files.isExecutableFile(atPath: bin.appending(path: "initdb").path) }
        if let found = candidates.first(where: isServer) { return found }
        let named = try await Command.run(["pg_config", "--bindir"], in: files.temporaryDirectory)
        let bin = URL(fileURLWithPath: named.trimmingCharacters(in: .whitespacesAndNewlines))
        guard isServer(bin) else { throw TestServerError("no Postgres server: install the package postgresql") }
        return bin
    }
}

import Foundation
import Synchronization

/// One service, or another program, as a child process that dies with the test process and writes to a log file of its own.
final class ServiceProcess: Sendable {
    private let command: [String]
    private let environment: [String: String]
    private let logPath: String
    private let errorPath: String
    private let running = Mutex<pid_t?>(nil)

    /// - Parameters:
    ///   - executable: the path of the program.
    ///   - arguments: what follows it on the command line.
    ///   - environment: all its variables.
    ///   - logPath: the file that its output is appended to.
    ///   - errorPath: the file that its standard error is appended to; nil for the same file.
    init(
        executable: String, arguments: [String] = [], environment: [String: String], logPath: String,
        errorPath: String? = nil
    ) {
        command = ["setpriv", "--pdeathsig", "KILL", executable] + arguments
        self.environment = environment
        self.logPath = logPath
        self.errorPath = errorPath ?? logPath
    }

    /// What it has written so far, over all its lives.
    var log: String { (try? String(contentsOfFile: logPath, encoding: .utf8)) ?? "" }

    /// The same for its standard error.
    var errors: String { (try? String(contentsOfFile: errorPath, encoding: .utf8)) ?? "" }

    /// Whether it was started and has not ended by itself.
    var isAlive: Bool {
        running.withLock { process in
            guard let identifier = process else { return false }
            var status: Int32 = 0
            guard waitpid(identifier, &status, WNOHANG) == identifier else { return true }
            process = nil
            return false
        }
    }

    /// The most memory that it has had at once so far, in bytes (proc(5), VmHWM); nil when it does not run.
    var peakMemory: Int? {
        guard let identifier = running.withLock({ $0 }),
            let status = try? String(contentsOfFile: "/proc/\(identifier)/status", encoding: .utf8),
            let line = status.split(separator: "\n").first(where: { $0.hasPrefix("VmHWM:") }),
            let kibibytes = line.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap({ Int($0) })
        else { return nil }
        return kibibytes << 10
    }

    /// Starts it.
    func start() async throws {
        let variables = environment.map { "\($0.key)=\($0.value)" }
        let outcome = await SpawnThread.shared.run { [command, logPath, errorPath] in
            Self.spawn(command, variables: variables, logPath: logPath, errorPath: errorPath)
        }
        running.withLock { $0 = try? outcome.get() }
        _ = try outcome.get()
    }

    /// Sends a signal and waits for nothing.
    func send(_ signal: Int32) {
        running.withLock { process in
            if let process { kill(process, signal) }
        }
    }

    /// Sends SIGKILL and waits for the end.
    func kill9() async {
        _ = await end(SIGKILL)
    }

    /// Sends SIGTERM and waits for the end.
    ///
    /// - Returns: the exit status, 128 and the signal's number if a signal ended it, nil if it was not running.
    func terminate() async -> Int32? {
        await end(SIGTERM)
    }

    /// Waits until it ends by itself; gives what ``terminate()`` does.
    func exitStatus() async -> Int32? {
        await end(nil)
    }

    private func end(_ signal: Int32?) async -> Int32? {
        let taken = running.withLock { process in
            defer { process = nil }
            return process
        }
        guard let identifier = taken else { return nil }
        if let signal { kill(identifier, signal) }
        return await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                var status: Int32 = 0
                while waitpid(identifier, &status, 0) < 0, errno == EINTR {}
                let signal = status & 0x7f
                continuation.resume(returning: signal == 0 ? (status >> 8) & 0xff : 128 + signal)
            }
        }
    }

    private static func spawn(
        _ command: [String], variables: [String], logPath: String, errorPath: String
    ) -> Result<pid_t, HarnessError> {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, logPath, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        posix_spawn_file_actions_addopen(&actions, 2, errorPath, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        var identifier = pid_t()
        let status = withCStrings(command) { words in
            withCStrings(variables) { variables in
                posix_spawnp(&identifier, "setpriv", &actions, nil, words, variables)
            }
        }
        return status == 0 ? .success(identifier) : .failure(HarnessError("cannot start \(command): errno \(status)"))
    }

    private static func withCStrings<Output>(
        _ strings: [String], _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Output
    ) -> Output {
        var pointers: [UnsafeMutablePointer<CChar>?] = strings.map { strdup($0) } + [nil]
        defer { pointers.forEach { free($0) } }
        return pointers.withUnsafeMutableBufferPointer { body($0.baseAddress.unsafelyUnwrapped) }
    }
}

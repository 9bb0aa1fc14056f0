import Foundation
import Synchronization

/// A shell that outlives this process for as long as it takes to stop a server and to remove its directory.
final class Watchdog: Sendable {
    private let shell: ChildProcess
    /// The writing end of the pipe that the shell reads from. Closing it, or the end of this process, is the signal.
    private let lifeline: Mutex<Int32>

    /// - Parameters:
    ///   - directory: removed at the end.
    ///   - stop: the command that stops the server.
    init(directory: URL, stop: [String]) throws {
        var ends: [Int32] = [-1, -1]
        // No other child may hold the pipe open, or this process's end would go unnoticed.
        let status = ChildProcess.descriptors.withLock { _ in
            let status = pipe(&ends)
            for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
            return status
        }
        guard status == 0 else { throw TestServerError("pipe failed: errno \(errno)") }
        defer { close(ends[0]) }
        lifeline = Mutex(ends[1])
        let null = open("/dev/null", O_WRONLY | O_CLOEXEC)
        defer { close(null) }
        // A session of its own, so that Ctrl-C at a terminal reaches the tests only. `cat` ends when the pipe does.
        let script = "cd /; cat; \"$@\"; rm -rf \"$0\""
        shell = try ChildProcess(
            ["setsid", "sh", "-c", script, directory.path] + stop, input: ends[0], output: null)
    }

    deinit {
        cut()
    }

    /// Lets the shell do its work and waits for its end.
    func end() async {
        cut()
        _ = await shell.exitStatus()
    }

    private func cut() {
        lifeline.withLock { descriptor in
            if descriptor >= 0 { close(descriptor) }
            descriptor = -1
        }
    }
}

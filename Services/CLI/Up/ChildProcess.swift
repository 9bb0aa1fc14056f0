import Glibc
import Synchronization

/// A running child process.
///
/// Each has a thread of this process that starts it and then waits for its end. That thread is more than a convenience: the
/// kernel sends the death signal when the *thread* that made the child ends (prctl(2)), so it must live as long as the child.
final class ChildProcess: Sendable {
    private struct State {
        var status: ChildExit?
        var waiters: [CheckedContinuation<ChildExit, Never>] = []
    }

    let processID: pid_t
    private let state = Mutex(State())

    private init(processID: pid_t) {
        self.processID = processID
    }

    /// Starts a program.
    ///
    /// - Throws: ``UpError`` when it does not exist or cannot be started.
    static func start(_ command: ChildCommand) async throws -> ChildProcess {
        guard access(command.executable, X_OK) == 0 else {
            throw UpError(
                "\(command.executable) is not a program that can be run",
                remedy: "Build it first (make build), or run scripts/setup")
        }
        let setpriv = try ChildCommand.setprivPath()
        return try await withCheckedThrowingContinuation { continuation in
            BlockingThread.start {
                do {
                    let child = ChildProcess(processID: try spawn(command, setpriv: setpriv))
                    continuation.resume(returning: child)
                    child.waitForEnd()
                } catch {
                    continuation.resume(throwing: error)
                }
            }
        }
    }

    /// Runs a program to its end.
    static func run(_ command: ChildCommand) async throws -> ChildExit {
        try await start(command).exitStatus
    }

    /// Whether it still runs.
    var isRunning: Bool { state.withLock { $0.status == nil } }

    /// How it ended, as soon as it has.
    var exitStatus: ChildExit {
        get async {
            await withCheckedContinuation { continuation in
                let status = state.withLock { state -> ChildExit? in
                    if state.status == nil { state.waiters.append(continuation) }
                    return state.status
                }
                if let status { continuation.resume(returning: status) }
            }
        }
    }

    /// Sends a signal, unless it has ended: its number may belong to another process then.
    func send(_ signal: Int32) {
        state.withLock { state in
            if state.status == nil { kill(processID, signal) }
        }
    }

    /// Sends the signals one after another, each with its time to take effect, and at last SIGKILL; returns when it has ended.
    @discardableResult
    func stop(_ steps: [(signal: Int32, grace: Duration)]) async -> ChildExit {
        for (signal, grace) in steps {
            send(signal)
            let timer = Task { try? await Task.sleep(for: grace) }
            let ended = Task {
                _ = await exitStatus
                timer.cancel()
            }
            await timer.value
            if !isRunning {
                await ended.value
                break
            }
        }
        send(SIGKILL)
        return await exitStatus
    }

    /// Waits for the end without reaping (WNOWAIT), then reaps under the lock, so that ``send(_:)`` never meets a freed number.
    private func waitForEnd() {
        var information = siginfo_t()
        while waitid(P_PID, id_t(processID), &information, WEXITED | WNOWAIT) == -1, errno == EINTR {}
        var word: Int32 = 0
        let (status, waiters) = state.withLock { state in
            while waitpid(processID, &word, 0) == -1, errno == EINTR {}
            let status = ChildExit(waitStatus: word)
            state.status = status
            defer { state.waiters = [] }
            return (status, state.waiters)
        }
        for waiter in waiters { waiter.resume(returning: status) }
    }
}

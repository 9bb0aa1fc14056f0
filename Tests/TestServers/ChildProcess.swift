import Foundation
import Synchronization

/// A child process by `posix_spawn`.
///
/// Foundation's `Process` is of no use here: it holds a child for alive as long as anybody has the descriptors that it inherited, and a
/// server that was started by the child has them until it ends.
struct ChildProcess: Sendable {
    let identifier: pid_t

    /// Held while a descriptor exists that children must not inherit but could.
    static let descriptors = Mutex(())

    /// Starts a program that is looked up in PATH.
    ///
    /// - Parameters:
    ///   - arguments: the program and its arguments.
    ///   - input: a descriptor for its standard input.
    ///   - output: a descriptor for its standard output and error.
    init(_ arguments: [String], input: Int32, output: Int32) throws {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, input, 0)
        posix_spawn_file_actions_adddup2(&actions, output, 1)
        posix_spawn_file_actions_adddup2(&actions, output, 2)
        // A server outlives the test that started it: it must not hold that test's sockets.
        for descriptor in try Self.openDescriptors() where descriptor > 2 {
            posix_spawn_file_actions_addclose(&actions, descriptor)
        }
        var argv: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) }
        defer { argv.forEach { free($0) } }
        argv.append(nil)
        var child = pid_t()
        let status = Self.descriptors.withLock { _ in
            posix_spawnp(&child, arguments[0], &actions, nil, argv, environ)
        }
        guard status == 0 else { throw TestServerError("cannot start \(arguments[0]): errno \(status)") }
        identifier = child
    }

    private static func openDescriptors() throws -> [Int32] {
        try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").compactMap { Int32($0) }
    }

    /// Waits for the end on a thread of its own and gives the exit status, or 128 and the signal's number.
    func exitStatus() async -> Int32 {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread { [identifier] in
                var status: Int32 = 0
                while waitpid(identifier, &status, 0) < 0, errno == EINTR {}
                let signal = status & 0x7f
                continuation.resume(returning: signal == 0 ? (status >> 8) & 0xff : 128 + signal)
            }
        }
    }
}

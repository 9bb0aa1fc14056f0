import Foundation

/// Runs a command to its end without blocking the cooperative pool.
enum Command {
    /// Gives what the command wrote.
    /// - Throws: ``TestServerError`` with all output if the command does not succeed.
    @discardableResult
    static func run(_ arguments: [String], in directory: URL) async throws -> String {
        // A file instead of a pipe: a server that the command starts would keep a pipe open for ever.
        let path = directory.appending(path: "command-\(UUID().uuidString).log").path
        let output = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
        guard output >= 0 else { throw TestServerError("cannot write to \(directory.path): errno \(errno)") }
        defer {
            close(output)
            unlink(path)
        }
        let input = open("/dev/null", O_RDONLY | O_CLOEXEC)
        defer { close(input) }
        // From a directory that every account may enter.
        let child = try ChildProcess(
            ["env", "--chdir=\(directory.path)"] + arguments, input: input, output: output)
        let status = await child.exitStatus()
        let text = try String(contentsOfFile: path, encoding: .utf8)
        guard status == 0 else {
            throw TestServerError("\(arguments.joined(separator: " ")) failed (\(status)):\n\(text)")
        }
        return text
    }
}

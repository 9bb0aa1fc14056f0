import Synchronization

@testable import CLI

/// A terminal that remembers what a command wrote.
final class Terminal: Sendable {
    /// What a command left behind.
    struct Outcome {
        let status: ExitStatus
        let output: String
        let error: String
    }

    private let written = Mutex<(output: [UInt8], error: [UInt8])>(([], []))

    /// A console of a hundred columns without colours.
    var console: Console {
        Console(isOutputTerminal: false, isErrorTerminal: false, width: 100, style: .plain) { stream, bytes in
            self.written.withLock { written in
                if stream == .output { written.output += bytes } else { written.error += bytes }
            }
        }
    }

    var output: String { written.withLock { String(decoding: $0.output, as: UTF8.self) } }
    var error: String { written.withLock { String(decoding: $0.error, as: UTF8.self) } }

    /// Runs a command line where no Weir runs.
    static func run(_ arguments: [String], environment: [String: String] = [:]) async -> Outcome {
        let terminal = Terminal()
        let status = await terminal.run(arguments, environment: environment)
        return Outcome(status: status, output: terminal.output, error: terminal.error)
    }

    /// Runs a command line on this terminal, where no Weir runs.
    func run(_ arguments: [String], environment: [String: String] = [:]) async -> ExitStatus {
        let nowhere = "/nonexistent/weir-tests"
        let context = CommandContext(
            environment: ["WEIR_STATE_DIR": nowhere].merging(environment) { $1 }, executablePath: "\(nowhere)/weir",
            currentDirectory: nowhere, console: console)
        return await CommandRunner.run(arguments: arguments, context: context)
    }
}

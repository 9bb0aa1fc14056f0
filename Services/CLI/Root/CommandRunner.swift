import ArgumentParser
import Runtime

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Runs one command line.
public enum CommandRunner {
    /// Parses the arguments, runs the command, writes what it has to say.
    ///
    /// - Parameters:
    ///   - arguments: without the program's name.
    ///   - environment: the variables of the process; what is not set there comes from the file that `WEIR_CONFIG` names.
    /// - Returns: the exit status: 0 done, 1 the work failed, 2 the command line is wrong, 3 something cannot be reached.
    public static func run(arguments: [String], environment: [String: String]) async -> Int32 {
        let files = FileManager.default
        let console = Console.standard(environment: environment)
        let variables: [String: String]
        do {
            variables = try RuntimeConfiguration.variables(environment)
        } catch {
            console.note("\(error)")
            return ExitStatus.usage.rawValue
        }
        let context = CommandContext(
            environment: variables,
            executablePath: (try? files.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
                ?? CommandLine.arguments[0],
            currentDirectory: files.currentDirectoryPath,
            console: console,
            invocation: CommandLine.arguments.first ?? "weir"
        )
        return await run(arguments: arguments, context: context).rawValue
    }

    static func run(arguments: [String], context: CommandContext) async -> ExitStatus {
        let console = context.console
        var command: any ParsableCommand
        do {
            if let error = CommandSpelling.mistake(in: arguments, root: Weir.self) { throw error }
            command = try Weir.parseAsRoot(arguments)
            guard let command = command as? any WeirCommand else {
                try command.run()
                return .success
            }
            do {
                try command.check()
            } catch let error as ValidationError {
                throw CommandError.usage(
                    error.message, remedy: "See '\(CommandSpelling.path(of: arguments, root: Weir.self)) --help'")
            }
            try await command.run(context)
            return .success
        } catch {
            let report = ErrorReport(error)
            if report.status == .success {
                console.print(report.text)
            } else if !report.text.isEmpty {
                console.note(report.text)
            }
            return report.status
        }
    }
}

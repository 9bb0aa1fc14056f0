import ArgumentParser
import Contracts

/// Finds the command that a misspelled word probably stands for. ArgumentParser does the same for options.
enum CommandSpelling {
    /// A word where a command should stand that is none, as an error that names the nearest ones; nil when all is well.
    /// After `help` stands the command that is to be explained.
    static func mistake(in arguments: [String], root: any ParsableCommand.Type) -> CommandError? {
        var command = root
        var walked = [name(of: command)]
        for word in arguments.first == "help" ? arguments.dropFirst() : arguments[...] {
            let subcommands = command.configuration.subcommands
            guard !word.hasPrefix("-"), word != "help", !subcommands.isEmpty else { return nil }
            guard let next = subcommands.first(where: { names(of: $0).contains(word) }) else {
                let known = subcommands.flatMap(names)
                let path = walked.joined(separator: " ")
                let nearest = NearestWord.find(word, among: known)
                return .usage(
                    "\(path) has no command '\(word)'" + (nearest.map { "; did you mean '\(path) \($0)'?" } ?? ""),
                    remedy: "Known are \(known.joined(separator: ", ")); '\(path) --help' explains them")
            }
            command = next
            walked.append(word)
        }
        return nil
    }

    /// The command that arguments name: `weir key create`.
    static func path(of arguments: [String], root: any ParsableCommand.Type) -> String {
        var command = root
        var path = name(of: root)
        for word in arguments {
            guard let next = command.configuration.subcommands.first(where: { names(of: $0).contains(word) }) else {
                break
            }
            command = next
            path += " \(word)"
        }
        return path
    }

    static func name(of command: any ParsableCommand.Type) -> String { command.configuration.commandName ?? "" }

    private static func names(of command: any ParsableCommand.Type) -> [String] {
        [name(of: command)] + command.configuration.aliases
    }
}

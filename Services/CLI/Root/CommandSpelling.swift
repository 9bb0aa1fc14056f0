import ArgumentParser

/// Finds the command that a misspelled word probably stands for. ArgumentParser does the same for options.
enum CommandSpelling {
    /// A word where a command should stand that is none, as an error that names the nearest ones; nil when all is well.
    static func mistake(in arguments: [String], root: any ParsableCommand.Type) -> CommandError? {
        var command = root
        var walked = [name(of: command)]
        for word in arguments {
            let subcommands = command.configuration.subcommands
            guard !word.hasPrefix("-"), word != "help", !subcommands.isEmpty else { return nil }
            guard let next = subcommands.first(where: { name(of: $0) == word }) else {
                let known = subcommands.map { name(of: $0) }
                let path = walked.joined(separator: " ")
                let nearest = nearest(to: word, among: known)
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
            guard let next = command.configuration.subcommands.first(where: { name(of: $0) == word }) else { break }
            command = next
            path += " \(word)"
        }
        return path
    }

    private static func name(of command: any ParsableCommand.Type) -> String { command.configuration.commandName ?? "" }

    /// The known word that differs least, if it differs by no more than a third of its length.
    static func nearest(to word: String, among known: [String]) -> String? {
        let word = Array(word.lowercased().prefix(64))
        let ranked = known.map { (distance: distance(word, Array($0.lowercased())), word: $0) }
        guard let best = ranked.min(by: { $0.distance < $1.distance }) else { return nil }
        return best.distance <= max(1, best.word.count / 3) ? best.word : nil
    }

    /// How many characters to insert, remove, replace or swap with their neighbour (Damerau and Levenshtein's distance, in the
    /// variant that changes no place twice).
    private static func distance(_ left: [Character], _ right: [Character]) -> Int {
        var beforeLast: [Int] = []
        var last = Array(0...right.count)
        for i in left.indices {
            var row = [i + 1]
            for j in right.indices {
                var best = min(last[j + 1] + 1, row[j] + 1, last[j] + (left[i] == right[j] ? 0 : 1))
                if i > 0, j > 0, left[i] == right[j - 1], left[i - 1] == right[j] {
                    best = min(best, beforeLast[j - 1] + 1)
                }
                row.append(best)
            }
            (beforeLast, last) = (last, row)
        }
        return last[right.count]
    }
}

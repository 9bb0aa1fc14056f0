/// A command that is shown to be pasted into a shell, with a word on what it does.
struct SuggestedCommand: Sendable, Equatable {
    let command: String
    var about: String?

    init(_ command: String, _ about: String? = nil) {
        self.command = command
        self.about = about
    }

    /// One line each, the words as comments of the shell in one column.
    static func lines(_ commands: [SuggestedCommand]) -> [String] {
        let width = commands.filter { $0.about != nil }.map { DisplayWidth.of($0.command) }.max() ?? 0
        return commands.map { suggested in
            guard let about = suggested.about else { return "  \(suggested.command)" }
            return "  \(TerminalText.padded(suggested.command, width: width))  # \(about)"
        }
    }

    /// A word as a shell reads it: quoted where it holds more than letters, figures and signs that mean nothing to it.
    static func quoted(_ word: String) -> String {
        let isPlain =
            !word.isEmpty
            && word.unicodeScalars.allSatisfy { scalar in
                scalar.properties.isAlphabetic || ("0"..."9").contains(scalar)
                    || "/._-+=:@%,".unicodeScalars.contains(scalar)
            }
        return isPlain ? word : "'\(word.replacing("'", with: "'\\''"))'"
    }
}

/// The members of a request's body, and of its query, by the names that they have on the command line.
enum OptionNames {
    /// What intake says about a member that a command has sent, in words about what was typed: `$.objects[3]: …` is about the fourth object,
    /// `$.input.query: …` about `--input query`, `$.since: …` and `?since: …` about `--since`.
    ///
    /// Only the path that a text begins with: what follows may quote what somebody has written, such as the path of a mapping.
    static func inPlaceOfPath(_ text: String) -> String {
        text.replacing(/^\$\.objects\[([0-9]{1,9})\]: is the same name as \$\.objects\[([0-9]{1,9})\](?=;|$)/) {
            "\(object($0.1)): is the same name as \(object($0.2))"
        }
        .replacing(/^\$\.objects\[([0-9]{1,9})\](?=:|$)/) { object($0.1) }
        .replacing(/^\$\.activity(?=:|$)/) { _ in "the activity" }
        // The option for one of them may be given several times.
        .replacing(/^\$\.states(\[[0-9]{1,9}\])?(?=:|$)/) { _ in "--state" }
        .replacing(/^\$\.(input|mapping)\./) { "--\($0.1) " }
        .replacing(/^(?:\$\.|\?)([a-z_]+)(?=:|$)/) { "--\($0.1.replacing("_", with: "-"))" }
    }

    private static func object(_ index: Substring) -> String { "object \((Int(index) ?? 0) + 1)" }
}

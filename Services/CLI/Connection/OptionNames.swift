/// The members of a request's body, and of its query, by the names that they have on the command line.
enum OptionNames {
    /// What intake says about the members that a command has sent, in words about what was typed: `$.objects[3]` is the fourth object,
    /// `$.input.query` is `--input query`, `$.since` and `?since` are `--since`.
    static func inPlaceOfPaths(_ text: String) -> String {
        text.replacing(/\$\.objects\[([0-9]{1,9})\]/) { "object \((Int($0.1) ?? 0) + 1)" }
            .replacing("$.activity", with: "the activity")
            .replacing("$.input.", with: "--input ")
            .replacing(/(\$\.|^\?)([a-z_]+)/) { "--\($0.2.replacing("_", with: "-"))" }
    }
}

extension CommandError {
    /// There is no organization of this key.
    static func unknownOrganization(_ key: String) -> CommandError {
        CommandError(
            "There is no organization '\(TerminalText.safe(key))'",
            remedy: "Declare it in a catalogue file and run 'weir apply -f FILE'")
    }
}

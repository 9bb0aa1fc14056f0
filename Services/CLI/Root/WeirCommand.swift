import ArgumentParser

/// A command of `weir`. It runs with what Main hands in, so that tests can run it with their own.
protocol WeirCommand: ParsableCommand {
    /// Does the work.
    ///
    /// - Throws: ``CommandError`` and the errors of the libraries; ``ErrorReport`` turns them into words and an exit status.
    func run(_ context: CommandContext) async throws

    /// Checks options against each other and their bounds, after ArgumentParser has refused what it does not know: its own
    /// `validate()` would come before that, and hide a misspelled option behind the one that seems to be missing.
    ///
    /// - Throws: `ValidationError`.
    func check() throws
}

extension WeirCommand {
    func check() throws {}
}

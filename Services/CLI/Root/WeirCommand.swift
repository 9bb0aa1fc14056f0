import ArgumentParser

/// A command of `weir`. It runs with what Main hands in, so that tests can run it with their own.
protocol WeirCommand: ParsableCommand {
    /// Does the work.
    ///
    /// - Throws: ``CommandError`` and the errors of the libraries; ``ErrorReport`` turns them into words and an exit status.
    func run(_ context: CommandContext) async throws
}

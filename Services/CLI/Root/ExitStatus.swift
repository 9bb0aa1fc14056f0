/// What `weir` says to the program that called it.
enum ExitStatus: Int32, Sendable {
    /// It did what was asked.
    case success = 0
    /// The work failed: refused, or ended without success.
    case failure = 1
    /// The command line cannot be understood, or something that it needs was not given.
    case usage = 2
    /// Intake, the database or the bus cannot be reached.
    case unreachable = 3
}

import Glibc

/// How large a person's terminal is.
struct TerminalSize: Sendable, Equatable {
    let columns: Int
    let rows: Int

    /// The size of the terminal that standard output is, as it is now; nil when it is none, or does not know.
    static func current() -> TerminalSize? {
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else { return nil }
        return TerminalSize(columns: Int(size.ws_col), rows: Int(size.ws_row))
    }
}

import Glibc

/// Where a command writes: results to standard output, everything about them to standard error.
struct Console: Sendable {
    /// The two streams of a program.
    enum Stream: Sendable, Equatable {
        case output
        case error
    }

    /// Whether standard output is a person's terminal.
    let isOutputTerminal: Bool
    /// Whether standard error is a person's terminal.
    let isErrorTerminal: Bool
    /// Columns of the terminal; what is piped elsewhere is not cut.
    let width: Int
    /// Colours and weights for people; plain text where nobody sees them.
    let style: TextStyle
    private let sink: @Sendable (Stream, [UInt8]) -> Void

    init(
        isOutputTerminal: Bool, isErrorTerminal: Bool, width: Int, style: TextStyle,
        sink: @escaping @Sendable (Stream, [UInt8]) -> Void
    ) {
        self.isOutputTerminal = isOutputTerminal
        self.isErrorTerminal = isErrorTerminal
        self.width = width
        self.style = style
        self.sink = sink
    }

    /// The streams of this process.
    static func standard(environment: [String: String]) -> Console {
        let isOutputTerminal = isatty(STDOUT_FILENO) == 1
        let isPlain = environment["NO_COLOR"].map { !$0.isEmpty } ?? false || environment["TERM"] == "dumb"
        return Console(
            isOutputTerminal: isOutputTerminal, isErrorTerminal: isatty(STDERR_FILENO) == 1,
            width: isOutputTerminal ? terminalWidth(environment) : .max,
            style: TextStyle(isEnabled: isOutputTerminal && !isPlain),
            sink: { stream, bytes in writeAll(bytes, to: stream == .output ? STDOUT_FILENO : STDERR_FILENO) })
    }

    /// Writes a line of the result.
    func print(_ line: String = "") {
        sink(.output, Array("\(line)\n".utf8))
    }

    /// Writes a part of the result as it is.
    func write(_ bytes: [UInt8]) {
        sink(.output, bytes)
    }

    /// Writes a line about the work: a step, a warning, an error.
    func note(_ line: String = "") {
        sink(.error, Array("\(line)\n".utf8))
    }

    /// Writes a part of a line about the work.
    func noteRaw(_ text: String) {
        sink(.error, Array(text.utf8))
    }

    private static func terminalWidth(_ environment: [String: String]) -> Int {
        var size = winsize()
        if ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 { return Int(size.ws_col) }
        return environment["COLUMNS"].flatMap { Int($0) }.flatMap { $0 > 0 ? $0 : nil } ?? 100
    }

    /// A reader that went away ends the writing; there is nobody left to tell.
    private static func writeAll(_ bytes: [UInt8], to descriptor: Int32) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0 {
                guard errno == EINTR else { return }
                continue
            }
            rest = rest.dropFirst(count)
        }
    }
}

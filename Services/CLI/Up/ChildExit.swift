import Glibc

/// How a process ended (waitpid(2)).
enum ChildExit: Sendable, Equatable, CustomStringConvertible {
    /// It exited with this status; 0 is success.
    case exited(Int32)
    /// A signal of this number ended it.
    case signalled(Int32)

    /// Reads the status word that waitpid(2) stores: the low seven bits are the signal, or 0, and then the next eight the status.
    init(waitStatus: Int32) {
        let signal = waitStatus & 0x7F
        self = signal == 0 ? .exited((waitStatus >> 8) & 0xFF) : .signalled(signal)
    }

    var isSuccess: Bool { self == .exited(0) }

    var description: String {
        switch self {
        case .exited(let status): "exit status \(status)"
        case .signalled(let number): "signal \(number)" + (strsignal(number).map { " (\(String(cString: $0)))" } ?? "")
        }
    }
}

import Glibc
import Synchronization

/// Hands a process id from one thread to another that waits for it without the cooperative pool.
final class ThreadResult: Sendable {
    private let value = Mutex<pid_t??>(nil)

    func set(_ processID: pid_t?) { value.withLock { $0 = .some(processID) } }

    func wait() -> pid_t? {
        while true {
            if let value = value.withLock({ $0 }) { return value }
            usleep(1_000)
        }
    }
}

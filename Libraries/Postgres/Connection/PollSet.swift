internal import Glibc

/// Waits until a socket or the wake descriptor is ready.
enum PollSet {
    struct Readiness {
        var readable = false
        var writable = false
        var woken = false
    }

    /// - Parameters:
    ///   - socket: the connection's socket; negative to wait without one.
    ///   - wake: the wake descriptor, or nil if nobody may interrupt.
    ///   - timeout: nil waits without end.
    static func wait(
        socket: Int32, reading: Bool = true, writing: Bool = false, wake: Int32? = nil, timeout: Duration? = nil
    ) -> Readiness {
        let events = (reading ? POLLIN : 0) | (writing ? POLLOUT : 0)
        let deadline = timeout.map { ContinuousClock.now + $0 }
        var descriptors = (
            pollfd(fd: socket, events: Int16(events), revents: 0),
            pollfd(fd: wake ?? -1, events: Int16(POLLIN), revents: 0)
        )
        var ready: Int32
        repeat {
            // Rounded up: a time-out that is too short would spin.
            let milliseconds = deadline.map {
                Int32(clamping: max(0, ContinuousClock.now.duration(to: $0).milliseconds + 1))
            }
            ready = withUnsafeMutablePointer(to: &descriptors) { pair in
                pair.withMemoryRebound(to: pollfd.self, capacity: 2) { poll($0, 2, milliseconds ?? -1) }
            }
        } while ready < 0 && errno == EINTR
        // Errors and hang-ups count as readable: the next read tells what it is.
        let trouble = Int16(POLLERR | POLLHUP | POLLNVAL)
        let socketEvents = descriptors.0.revents
        return Readiness(
            readable: socketEvents & (Int16(POLLIN) | trouble) != 0,
            writable: socketEvents & Int16(POLLOUT) != 0,
            woken: descriptors.1.revents != 0)
    }
}

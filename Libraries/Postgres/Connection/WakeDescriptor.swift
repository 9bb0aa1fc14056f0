internal import CLibPQ
internal import Glibc

/// An eventfd that ends another thread's `poll`.
struct WakeDescriptor: ~Copyable, Sendable {
    let descriptor: Int32

    init() throws(PostgresError) {
        descriptor = weir_eventfd()
        guard descriptor >= 0 else {
            throw PostgresError(.connection, "no eventfd for a connection: errno \(errno)")
        }
    }

    deinit {
        Glibc.close(descriptor)
    }

    /// Ends the current `poll`, or the next one. The only error an eventfd can give is a full counter, and then it is readable anyway.
    func signal() {
        _ = eventfd_write(descriptor, 1)
    }

    /// Takes back all signals.
    func reset() {
        var count: UInt64 = 0
        _ = eventfd_read(descriptor, &count)
    }
}

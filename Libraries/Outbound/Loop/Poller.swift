internal import CCurl
import Glibc

/// The loop's epoll set, with fewer system calls than libcurl asks for.
///
/// libcurl ends its interest in a socket after each exchange and takes it up again for the next one on the same
/// connection. Sockets of kept connections therefore stay in the set; only when one becomes readable without anyone's
/// interest (the server closed it, usually) is it taken out.
struct Poller: ~Copyable {
    private struct Registration {
        var wanted: UInt32 = 0
        var registered: UInt32 = 0
        /// Whether the client opened the socket and so learns when it is closed. The resolver's sockets are closed by
        /// libcurl without notice; they are never kept in the set beyond libcurl's interest.
        var isOwn = false
    }

    private let epoll: Int32
    private let wakeDescriptor: Int32
    private var registrations: [Registration] = []
    private var events = [epoll_event](repeating: epoll_event(), count: 256)

    init(wakeDescriptor: Int32) throws(OutboundError) {
        epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
        self.wakeDescriptor = wakeDescriptor
        guard epoll >= 0 else { throw OutboundError(systemCall: "epoll_create1", errno: errno) }
        var event = epoll_event(events: EPOLLIN.rawValue | EPOLLET.rawValue, data: epoll_data(fd: wakeDescriptor))
        guard epoll_ctl(epoll, EPOLL_CTL_ADD, wakeDescriptor, &event) == 0 else {
            throw OutboundError(systemCall: "epoll_ctl", errno: errno)
        }
    }

    deinit {
        if epoll >= 0 { close(epoll) }
    }

    /// Notes a socket that was opened for a connection.
    mutating func opened(_ socket: Int32) {
        grow(to: socket)
        registrations[Int(socket)] = Registration(isOwn: true)
    }

    /// Whether a socket was opened for a connection and is not known to be closed.
    func isOwn(_ socket: Int32) -> Bool {
        registrations.indices.contains(Int(socket)) && registrations[Int(socket)].isOwn
    }

    /// Notes that a socket is about to be closed; the kernel takes it out of the set.
    mutating func closed(_ socket: Int32) {
        guard socket >= 0, Int(socket) < registrations.count else { return }
        registrations[Int(socket)] = Registration()
    }

    /// Takes up libcurl's wish for a socket: `CURL_POLL_IN`, `_OUT`, `_INOUT` or `_REMOVE`.
    ///
    /// - Returns: 0, or the system's error number.
    mutating func setInterest(_ what: Int32, of socket: Int32) -> Int32 {
        guard socket >= 0 else { return EBADF }
        grow(to: socket)
        let wanted: UInt32 =
            switch what {
            case CURL_POLL_IN: EPOLLIN.rawValue
            case CURL_POLL_OUT: EPOLLOUT.rawValue
            case CURL_POLL_INOUT: EPOLLIN.rawValue | EPOLLOUT.rawValue
            default: 0
            }
        registrations[Int(socket)].wanted = wanted
        let registration = registrations[Int(socket)]
        if wanted == 0, registration.isOwn, registration.registered == EPOLLIN.rawValue { return 0 }
        return register(wanted, of: socket)
    }

    /// Waits, and hands over the sockets that are ready, with libcurl's `CURL_CSELECT_` bits.
    ///
    /// - Parameters:
    ///   - milliseconds: How long to wait; -1 for ever.
    ///   - ready: Where the ready sockets are put.
    mutating func wait(milliseconds: Int32, ready: inout [(socket: Int32, bits: Int32)]) {
        ready.removeAll(keepingCapacity: true)
        // Interrupted (EINTR) or not, the loop's next turn finds out what there is to do.
        let count = epoll_wait(epoll, &events, Int32(events.count), milliseconds)
        guard count > 0 else { return }
        for index in 0..<Int(count) {
            let event = events[index]
            let socket = event.data.fd
            if socket == wakeDescriptor { continue }
            guard registrations[Int(socket)].wanted != 0 else {
                _ = register(0, of: socket)
                continue
            }
            var bits: Int32 = 0
            if event.events & (EPOLLIN.rawValue | EPOLLHUP.rawValue) != 0 { bits |= CURL_CSELECT_IN }
            if event.events & EPOLLOUT.rawValue != 0 { bits |= CURL_CSELECT_OUT }
            if event.events & EPOLLERR.rawValue != 0 { bits |= CURL_CSELECT_ERR }
            ready.append((socket, bits))
        }
    }

    private mutating func register(_ wanted: UInt32, of socket: Int32) -> Int32 {
        let registered = registrations[Int(socket)].registered
        guard wanted != registered else { return 0 }
        let operation = wanted == 0 ? EPOLL_CTL_DEL : registered == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD
        var event = epoll_event(events: wanted, data: epoll_data(fd: socket))
        registrations[Int(socket)].registered = wanted
        return epoll_ctl(epoll, operation, socket, &event) == 0 ? 0 : errno
    }

    private mutating func grow(to socket: Int32) {
        while registrations.count <= Int(socket) { registrations.append(Registration()) }
    }
}

import CZeroMQ

/// What a loop sleeps on: sockets and the eventfd of its ``WakeUp``.
///
/// `zmq_poll` is level-triggered and takes both. The descriptor that `ZMQ_FD` offers is edge-triggered, signals by
/// becoming readable for reads and writes alike, and loses events unless `ZMQ_EVENTS` is read after every operation;
/// with fewer than ten sockets there is no reason to bear that.
package struct PollSet {
    private var items: [zmq_pollitem_t] = []

    package init() {}

    package mutating func removeAll() { items.removeAll(keepingCapacity: true) }

    package mutating func add(_ socket: borrowing SocketHandle, writable: Bool = false) {
        let events = writable ? ZMQ_POLLIN | ZMQ_POLLOUT : ZMQ_POLLIN
        items.append(zmq_pollitem_t(socket: socket.pointer, fd: 0, events: Int16(events), revents: 0))
    }

    package mutating func add(_ wakeUp: borrowing WakeUp) {
        items.append(zmq_pollitem_t(socket: nil, fd: wakeUp.descriptor, events: Int16(ZMQ_POLLIN), revents: 0))
    }

    /// Sleeps until something is ready, or the time-out passes. A signal ends the sleep early, which does no harm.
    ///
    /// - Throws: `system` if the set holds something that is no socket any more.
    package mutating func wait(for timeout: Duration) throws(MessagingError) {
        let milliseconds = Int(timeout.wholeMillisecondsRoundedUp)
        guard zmq_poll(&items, Int32(items.count), milliseconds) < 0 else { return }
        guard zmq_errno() != EINTR else { return }
        throw MessagingError.lastSystemError("zmq_poll")
    }
}

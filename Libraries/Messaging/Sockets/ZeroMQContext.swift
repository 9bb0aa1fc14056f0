import CZeroMQ

/// One libzmq context: its I/O thread and everything its sockets share.
///
/// Every ``SocketHandle`` holds its context, so the context ends with its last socket and `zmq_ctx_term`, which blocks
/// until all sockets are closed, can only ever wait for the linger time of sockets that are closed already.
package final class ZeroMQContext {
    let pointer: UnsafeMutableRawPointer

    /// A context with one I/O thread, which libzmq's manual deems enough for a gigabyte per second.
    package init(socketsMax: Int32 = 64) throws(MessagingError) {
        guard let pointer = zmq_ctx_new() else { throw MessagingError.lastSystemError("zmq_ctx_new") }
        self.pointer = pointer
        for (option, value) in [(ZMQ_IO_THREADS, 1), (ZMQ_MAX_SOCKETS, socketsMax), (ZMQ_BLOCKY, 0)] {
            guard zmq_ctx_set(pointer, option, value) == 0 else {
                throw MessagingError.lastSystemError("zmq_ctx_set \(option)")
            }
        }
    }

    deinit {
        // EINTR is the only error that can pass: the context is valid and nobody else terminates it.
        while zmq_ctx_term(pointer) != 0 && zmq_errno() == EINTR {}
    }
}

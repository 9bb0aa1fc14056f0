import CZeroMQ

/// What happens to the connections of one socket, as libzmq reports it.
package struct SocketMonitor: ~Copyable {
    package enum Event: Sendable, Equatable {
        /// A connection passed its security handshake and can carry messages.
        case connected
        /// A connection that had been accepted or made is gone.
        case disconnected
        /// A handshake failed: not ZMTP, another mechanism, or an unknown key.
        case handshakeFailed(HandshakeFailure)
    }

    package enum HandshakeFailure: Sendable, Equatable {
        /// The server refused the key, or its authenticator was not there (ZAP status 300, 400 or 500).
        case refused(status: Int)
        /// The peer does not speak ZMTP, speaks it wrongly, or uses another security mechanism.
        case `protocol`
        /// The connection broke off in the middle.
        case brokenOff
    }

    package let socket: SocketHandle
    private let frame: FrameBuffer

    /// Watches a socket that lives in the same context; `name` is unique within it.
    package init(of watched: borrowing SocketHandle, name: String, in context: ZeroMQContext) throws(MessagingError) {
        let events =
            ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH
            | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL
        let address = "inproc://monitor-\(name)"
        guard zmq_socket_monitor(watched.pointer, address, events) == 0 else {
            throw MessagingError.lastSystemError("zmq_socket_monitor")
        }
        var options = SocketOptions()
        options.linger = .zero
        let socket = try SocketHandle.open(.pair, options: options, in: context)
        try socket.connect(Endpoint(parsing: address), security: .none)
        self.socket = socket
        frame = FrameBuffer()
    }

    /// The next event without waiting; `nil` when there is none.
    package func next() -> Event? {
        guard socket.receive(into: frame) == .done else { return nil }
        defer { socket.discardRest(after: frame) }
        let bytes = frame.bytes
        guard bytes.count >= 6 else { return nil }
        // First frame: 16 bits of event number and 32 bits of value in the machine's own byte order.
        let number = Int32(bytes.loadUnaligned(as: UInt16.self))
        let value = Int(bytes.loadUnaligned(fromByteOffset: 2, as: UInt32.self))
        switch number {
        case ZMQ_EVENT_HANDSHAKE_SUCCEEDED: return .connected
        case ZMQ_EVENT_DISCONNECTED: return .disconnected
        case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH: return .handshakeFailed(.refused(status: value))
        case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL: return .handshakeFailed(.protocol)
        default: return .handshakeFailed(.brokenOff)
        }
    }
}

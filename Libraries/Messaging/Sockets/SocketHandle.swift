import CZeroMQ

/// The owner of one libzmq socket.
///
/// Sockets are not thread-safe. A handle is neither copyable nor sendable: it is created, handed to one loop thread as
/// part of a whole (starting the thread is the memory barrier that zmq(7) asks for), used and closed there.
package struct SocketHandle: ~Copyable {
    let pointer: UnsafeMutableRawPointer
    private let context: ZeroMQContext

    private init(pointer: UnsafeMutableRawPointer, context: ZeroMQContext) {
        self.pointer = pointer
        self.context = context
    }

    /// A socket with all options set and nothing bound or connected yet.
    package static func open(
        _ kind: SocketKind, options: SocketOptions, in context: ZeroMQContext
    ) throws(MessagingError) -> SocketHandle {
        guard let pointer = zmq_socket(context.pointer, kind.number) else {
            throw MessagingError.lastSystemError("zmq_socket")
        }
        let socket = SocketHandle(pointer: pointer, context: context)
        try options.apply(to: socket, as: kind)
        return socket
    }

    deinit {
        zmq_close(pointer)
    }

    /// Binds and returns the endpoint bound, with the port that the system chose for `*`.
    ///
    /// - Throws: `insecureBind` without CURVE unless the endpoint is local; `system` if libzmq refuses it.
    @discardableResult
    package func bind(_ endpoint: Endpoint, security: SocketOptions.Security) throws(MessagingError) -> Endpoint {
        if case .none = security, !endpoint.isLocal {
            throw MessagingError(
                .insecureBind, endpoint: endpoint.description,
                "without CURVE keys the bus binds to a loopback or ipc address only; make keys with `weir keys`")
        }
        try set(ZMQ_IPV6, endpoint.isIPv6 ? 1 : 0 as Int32)
        guard zmq_bind(pointer, endpoint.description) == 0 else {
            throw MessagingError.lastSystemError("cannot bind", endpoint: endpoint.description)
        }
        return try Endpoint(parsing: string(ZMQ_LAST_ENDPOINT))
    }

    /// Starts connecting; libzmq keeps at it in the background for as long as the socket is open.
    ///
    /// - Throws: `insecureConnect` without CURVE unless the endpoint is local; `system` if libzmq refuses it.
    package func connect(_ endpoint: Endpoint, security: SocketOptions.Security) throws(MessagingError) {
        if case .none = security, !endpoint.isLocal {
            throw MessagingError(
                .insecureConnect, endpoint: endpoint.description,
                "without CURVE keys the bus is reached at a loopback or ipc address only; make keys with `weir keys`")
        }
        try set(ZMQ_IPV6, endpoint.isIPv6 ? 1 : 0 as Int32)
        guard zmq_connect(pointer, endpoint.description) == 0 else {
            throw MessagingError.lastSystemError("cannot connect", endpoint: endpoint.description)
        }
    }

    package func set<Value: BitwiseCopyable>(_ option: Int32, _ value: Value) throws(MessagingError) {
        let status = withUnsafeBytes(of: value) { zmq_setsockopt(pointer, option, $0.baseAddress, $0.count) }
        guard status == 0 else { throw MessagingError.lastSystemError("zmq_setsockopt \(option)") }
    }

    package func set(_ option: Int32, _ value: String) throws(MessagingError) {
        guard zmq_setsockopt(pointer, option, value, value.utf8.count) == 0 else {
            throw MessagingError.lastSystemError("zmq_setsockopt \(option)")
        }
    }

    /// Asks a SUB socket's publishers for the topics that begin with the prefix.
    package func subscribe(prefix: String) throws(MessagingError) {
        try set(ZMQ_SUBSCRIBE, prefix)
    }

    private func string(_ option: Int32) throws(MessagingError) -> String {
        var buffer = [UInt8](repeating: 0, count: 1_024)
        var count = buffer.count
        guard zmq_getsockopt(pointer, option, &buffer, &count) == 0 else {
            throw MessagingError.lastSystemError("zmq_getsockopt \(option)")
        }
        // The count includes the terminating zero.
        return String(decoding: buffer[..<max(0, count - 1)], as: UTF8.self)
    }
}

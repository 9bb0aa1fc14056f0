import CZeroMQ

/// Every option of a socket that Weir depends on. All are set on every socket: libzmq's defaults, such as unlimited
/// message sizes, are relied upon nowhere.
package struct SocketOptions: Sendable {
    /// What a socket proves and demands.
    package enum Security: Sendable {
        /// No encryption and no authentication: for addresses that only this machine can reach.
        case none
        /// CURVE as the client: proves its own key and demands the server's.
        case curveClient(CurveClientKeys)
        /// CURVE as the server, whose clients a ``KeyAuthenticator`` admits one by one.
        case curveServer(CurveKeyPair)
    }

    /// ZeroMQ messages that wait per peer on their way out before `send` says "would block" or drops.
    package var sendHighWaterMark: Int32 = 1_000
    /// ZeroMQ messages that wait per peer on their way in before the peer's TCP window closes.
    package var receiveHighWaterMark: Int32 = 1_000
    /// How long closing may wait for messages still on their way out.
    package var linger: Duration = .milliseconds(500)
    /// The largest frame accepted; a peer that sends a larger one is disconnected.
    package var frameBytesMax: Int = BusLimits.frameBytesMax(bodyBytesMax: BusLimits.bodyBytesMax)
    /// How often TCP asks whether an idle connection still stands, in whole seconds; it is given up after three without an
    /// answer.
    package var heartbeat: Duration = .seconds(2)
    /// How long a peer may take from connecting to the end of the security handshake.
    package var handshakeTimeout: Duration = .seconds(5)
    /// How long one attempt to connect may take.
    package var connectTimeout: Duration = .seconds(5)
    /// The first and the longest pause between attempts to connect; libzmq doubles it in between, with jitter.
    package var reconnect: (first: Duration, longest: Duration) = (.milliseconds(50), .seconds(2))
    /// Connections that may wait to be accepted.
    package var backlog: Int32 = 256
    /// What the socket proves and demands.
    package var security: Security = .none

    package init() {}

    func apply(to socket: borrowing SocketHandle, as kind: SocketKind) throws(MessagingError) {
        try socket.set(ZMQ_SNDHWM, sendHighWaterMark)
        try socket.set(ZMQ_RCVHWM, receiveHighWaterMark)
        try socket.set(ZMQ_LINGER, linger.wholeMilliseconds)
        try socket.set(ZMQ_MAXMSGSIZE, Int64(frameBytesMax))
        try socket.set(ZMQ_SNDTIMEO, 0 as Int32)
        try socket.set(ZMQ_RCVTIMEO, 0 as Int32)
        try socket.set(ZMQ_BACKLOG, backlog)
        try socket.set(ZMQ_RECONNECT_IVL, reconnect.first.wholeMilliseconds)
        try socket.set(ZMQ_RECONNECT_IVL_MAX, reconnect.longest.wholeMilliseconds)
        try socket.set(ZMQ_CONNECT_TIMEOUT, connectTimeout.wholeMilliseconds)
        try socket.set(ZMQ_HANDSHAKE_IVL, handshakeTimeout.wholeMilliseconds)
        // Never ZMTP's own heartbeats: their timer writes to a connection that libzmq has given up already when its peer hung up
        // with a full pipe, and the assertion that this fails ends the process (libzmq 4.3.4 and 4.3.5,
        // stream_engine_base.cpp, timer_event). Broker and clients exchange heartbeats of Weir's; TCP clears away the rest.
        try socket.set(ZMQ_HEARTBEAT_IVL, 0 as Int32)
        let seconds = max(1, heartbeat.wholeMilliseconds / 1000)
        try socket.set(ZMQ_TCP_KEEPALIVE, 1 as Int32)
        try socket.set(ZMQ_TCP_KEEPALIVE_IDLE, seconds)
        try socket.set(ZMQ_TCP_KEEPALIVE_INTVL, seconds)
        try socket.set(ZMQ_TCP_KEEPALIVE_CNT, 3 as Int32)
        try applyRole(to: socket, as: kind)
        try applySecurity(to: socket)
    }

    private func applyRole(to socket: borrowing SocketHandle, as kind: SocketKind) throws(MessagingError) {
        switch kind {
        case .dealer:
            // A message is given only to a finished connection and dies with it, so that nothing meant for one session
            // of the broker reaches the next; what has to survive waits in the client's own bounded queues.
            try socket.set(ZMQ_IMMEDIATE, 1 as Int32)
        case .router:
            // Unroutable messages are an error instead of silence, and nobody takes over another peer's routing id.
            try socket.set(ZMQ_ROUTER_MANDATORY, 1 as Int32)
            try socket.set(ZMQ_ROUTER_HANDOVER, 0 as Int32)
        case .xpub:
            // A slow observer loses messages; it never slows the broker down.
            try socket.set(ZMQ_XPUB_NODROP, 0 as Int32)
            try socket.set(ZMQ_XPUB_VERBOSE, 0 as Int32)
        case .sub, .rep, .pair, .push, .pull: break
        }
    }

    private func applySecurity(to socket: borrowing SocketHandle) throws(MessagingError) {
        switch security {
        case .none: break
        case .curveClient(let client):
            try socket.set(ZMQ_CURVE_SERVERKEY, client.serverPublicKey)
            try socket.set(ZMQ_CURVE_PUBLICKEY, client.keys.publicKey)
            try socket.set(ZMQ_CURVE_SECRETKEY, client.keys.secretKey)
        case .curveServer(let keys):
            try socket.set(ZMQ_CURVE_SERVER, 1 as Int32)
            try socket.set(ZMQ_CURVE_SECRETKEY, keys.secretKey)
            try socket.set(ZMQ_ZAP_DOMAIN, KeyAuthenticator.domain)
            // Without this libzmq 4.3.4 lets everybody in while no handler runs.
            try socket.set(ZMQ_ZAP_ENFORCE_DOMAIN, 1 as Int32)
        }
    }
}

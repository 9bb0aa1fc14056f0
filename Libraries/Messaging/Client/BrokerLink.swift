/// One broker as the loop sees it: socket, session, and the batch being packed for it.
///
/// `disconnected` → `greeting` (connection made, hello sent) → `ready` (welcomed); from both of these back to
/// `disconnected` when the connection breaks, and from `ready` to `greeting` when the broker falls silent.
final class BrokerLink {
    enum Phase: Equatable {
        case disconnected
        case greeting
        case ready(session: UInt64)
    }

    let index: Int
    let endpoint: Endpoint
    let socket: SocketHandle
    let monitor: SocketMonitor
    private(set) var phase = Phase.disconnected
    /// Whether the socket took no more; the batch waits and the loop polls for writability.
    private(set) var isBlocked = false
    private(set) var hintsInBatch = 0
    private var batch = BatchBuilder()
    /// Full batches that the socket did not take. Only answers and subscriptions are appended to a blocked link, so the
    /// consumers' credit bounds them.
    private var waitingBatches: [[UInt8]] = []
    private var lastHeard: SuspendingClock.Instant
    private var lastSent: SuspendingClock.Instant
    /// The shorter of the client's own heartbeat and the one the broker asked for.
    private(set) var heartbeat: Duration

    init(
        index: Int, endpoint: Endpoint, configuration: BusConfiguration, context: ZeroMQContext
    ) throws(MessagingError) {
        self.index = index
        self.endpoint = endpoint
        heartbeat = configuration.heartbeat
        lastHeard = SuspendingClock().now
        lastSent = lastHeard
        socket = try SocketHandle.open(.dealer, options: configuration.socketOptions, in: context)
        monitor = try SocketMonitor(of: socket, name: "link-\(index)", in: context)
        try socket.connect(endpoint, security: configuration.security)
    }

    var isReady: Bool {
        if case .ready = phase { true } else { false }
    }

    /// Whether records can be appended now.
    var canTake: Bool { isReady && !isBlocked }

    /// Whether the loop should wait for the socket to become writable.
    var wantsToWrite: Bool { isBlocked && phase != .disconnected }

    // MARK: Phases

    func connected(name: String, now: SuspendingClock.Instant) {
        phase = .greeting
        heard(now: now)
        dropBatch()
        greet(name: name, now: now)
    }

    /// - Returns: hints that were lost with the connection.
    func disconnected() -> Int {
        phase = .disconnected
        return dropBatch()
    }

    func welcomed(session: UInt64, heartbeat: Duration) {
        phase = .ready(session: session)
        if heartbeat > .zero { self.heartbeat = min(self.heartbeat, heartbeat) }
    }

    func heard(now: SuspendingClock.Instant) { lastHeard = now }

    /// Sends what keeps the session alive, if it is time to.
    func keepAlive(name: String, now: SuspendingClock.Instant) {
        if isReady, now - lastHeard > heartbeat * 3 {
            phase = .greeting
            greet(name: name, now: now)
        }
        guard now - lastSent >= heartbeat, !isBlocked else { return }
        switch phase {
        case .disconnected: return
        case .greeting: greet(name: name, now: now)
        case .ready(let session):
            lastSent = now
            batch.append(.heartbeat, id: session)
        }
    }

    /// When ``keepAlive(name:now:)`` is due next.
    var nextKeepAlive: SuspendingClock.Instant? {
        phase == .disconnected ? nil : lastSent.advanced(by: heartbeat)
    }

    private func greet(name: String, now: SuspendingClock.Instant) {
        lastSent = now
        Array(name.utf8.prefix(BusLimits.topicBytesMax)).withUnsafeBytes { batch.append(.hello, body: $0) }
    }

    // MARK: Sending

    /// Appends one record to a ready link. Check ``canTake`` before appending what can also wait elsewhere.
    func append(
        _ kind: RecordKind, flags: RecordFlags = [], number: UInt32 = 0, id: UInt64 = 0,
        topic: String = "", key: String = "", body: [UInt8] = []
    ) {
        var topic = topic
        var key = key
        topic.withUTF8 { topic in
            key.withUTF8 { key in
                body.withUnsafeBytes { body in
                    batch.append(
                        kind, flags: flags, number: number, id: id, topic: UnsafeRawBufferPointer(topic),
                        key: UnsafeRawBufferPointer(key), body: body)
                }
            }
        }
        if kind == .hint { hintsInBatch += 1 }
        guard batch.byteCount >= BusLimits.batchBytesTarget else { return }
        flush()
        guard isBlocked, !batch.isEmpty else { return }
        // No frame may exceed what the broker accepts.
        waitingBatches.append([UInt8](batch.bytes))
        batch.removeAll()
    }

    /// Sends the batch if there is one. What the socket does not take stays and blocks the link.
    func flush() {
        guard phase != .disconnected else { return }
        while let waiting = waitingBatches.first {
            guard socket.send(waiting) == .done else {
                isBlocked = true
                return
            }
            waitingBatches.removeFirst()
        }
        guard !batch.isEmpty else {
            isBlocked = false
            return
        }
        switch socket.send(batch.bytes) {
        case .done:
            isBlocked = false
            hintsInBatch = 0
            batch.removeAll()
        case .wouldBlock, .unreachable, .failed: isBlocked = true
        }
    }

    @discardableResult
    private func dropBatch() -> Int {
        defer {
            batch.removeAll()
            waitingBatches = []
            hintsInBatch = 0
            isBlocked = false
        }
        return hintsInBatch
    }
}

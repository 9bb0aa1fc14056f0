import Messaging

/// The broker's decisions: who gets which message, and what waits, merges, is dropped or answered.
///
/// It has no sockets, no clock and no randomness of its own: frames, instants and numbers are handed in, batches leave
/// through the wire. The broker's loop is its only caller.
final class MessageRouter<Wire: PeerWire> {
    typealias Instant = SuspendingClock.Instant

    let configuration: BusBrokerConfiguration
    let wire: Wire
    private let makeSession: () -> UInt64
    var now: Instant
    var statistics = BusBrokerStatistics()
    var peers: [UInt32: Peer] = [:]
    var topics: [[UInt8]: Topic] = [:]
    let ledger: TopicLedger
    var commands: [UInt64: Command] = [:]
    var nextCommandID: UInt64
    /// The sum of the sizes of all hints and commands that wait for a consumer.
    var bytesWaiting = 0
    /// Orders consumers by how long they have waited.
    private var waitingSequence: UInt64 = 0
    /// Messages of one topic tend to come together: the last one looked up.
    private var lastTopic: Topic?
    private var dirtyPeers: [Peer] = []
    private(set) var blockedPeers: [Peer] = []
    private var feedBatch = BatchBuilder()

    /// - Parameter makeSession: gives numbers that do not repeat, not even after a restart.
    init(configuration: BusBrokerConfiguration, wire: Wire, now: Instant, makeSession: @escaping () -> UInt64) {
        self.configuration = configuration
        self.wire = wire
        self.now = now
        self.makeSession = makeSession
        nextCommandID = makeSession()
        ledger = TopicLedger(configuration.countedTopics)
    }

    // MARK: Receiving

    /// Handles a frame from a client.
    func receive(_ frame: UnsafeRawBufferPointer, from routingID: UInt32) {
        guard let peer = peer(routingID) else { return }
        peer.lastHeard = now
        do {
            var reader = try BatchReader(frame, bodyBytesMax: configuration.bodyBytesMax)
            while try handleNext(of: &reader, from: peer) {}
        } catch {
            refuse(error, to: peer)
        }
    }

    /// Counts what could not even be handed to ``receive(_:from:)`` and says why.
    func refuse(_ fault: WireFault, from routingID: UInt32) {
        guard let peer = peer(routingID) else { return }
        peer.lastHeard = now
        refuse(fault, to: peer)
    }

    private func handleNext(of reader: inout BatchReader, from peer: Peer) throws(WireFault) -> Bool {
        do {
            guard let record = try reader.next() else { return false }
            try handle(record, from: peer)
        } catch .kind(let number) {
            // The reader stands behind the record it does not know: a newer client says more than this broker needs.
            refuse(.kind(number), to: peer)
        }
        return !peer.isForgotten
    }

    private func handle(_ record: Record, from peer: Peer) throws(WireFault) {
        switch record.kind {
        case .hint: try receiveHint(record, from: peer)
        case .command: try receiveCommand(record, from: peer)
        case .credit: receiveCredit(record, from: peer)
        case .reply: receiveReply(record, from: peer)
        case .report: try receiveReport(record)
        case .hello: welcome(record, peer)
        case .heartbeat:
            if record.id == peer.session {
                tell(peer, .heartbeat)
            } else {
                openSession(of: peer)
            }
        case .ping: tell(peer, .pong, id: record.id)
        case .subscribe: try subscribe(record, peer)
        case .unsubscribe: removeConsumer(record.id, of: peer)
        case .goodbye: forget(peer)
        case .welcome, .pong, .refusal: throw .kind(record.kind.rawValue)
        }
    }

    private func receiveHint(_ record: Record, from peer: Peer) throws(WireFault) {
        statistics.received += 1
        guard let topic = try topic(record.topic) else {
            statistics.dropped += 1
            return
        }
        topic.counts.statistics.received += 1
        observe(record, on: topic)
        route(hint: record.key, body: record.body, on: topic)
    }

    private func receiveReport(_ record: Record) throws(WireFault) {
        guard let topic = try topic(record.topic) else { return }
        topic.counts.statistics.received += 1
        observe(record, on: topic)
    }

    /// Tells observers something of the broker's own; the body is made only if there are any.
    func report(topic name: String, key: String, body: () -> [UInt8]) {
        guard wire.isObserved else { return }
        Array(name.utf8).withUnsafeBytes { name in
            guard let topic = try? topic(name) else { return }
            Array(key.utf8).withUnsafeBytes { key in
                body().withUnsafeBytes { show(.report, key: key, body: $0, on: topic) }
            }
        }
    }

    // MARK: Clients

    private func peer(_ routingID: UInt32) -> Peer? {
        if let peer = peers[routingID] { return peer }
        let peer = Peer(routingID: routingID, session: makeSession(), now: now)
        guard peers.count < configuration.peersMax else {
            statistics.malformed += 1
            tell(peer, .refusal, code: .overloaded, text: "\(configuration.peersMax) clients are connected already")
            return nil
        }
        peers[routingID] = peer
        return peer
    }

    private func welcome(_ record: Record, _ peer: Peer) {
        peer.name = String(decoding: record.body.prefix(BusLimits.topicBytesMax), as: UTF8.self)
        // A client says hello when it starts over. One that hears nothing says it again: that is the same start, and the same session,
        // or each welcome would make it give its consumers' credit once more.
        if !peer.consumers.isEmpty { peer.session = makeSession() }
        openSession(of: peer)
    }

    /// Tells a client its session, in which it will open its consumers' accounts anew.
    private func openSession(of peer: Peer) {
        for id in Array(peer.consumers.keys) { removeConsumer(id, of: peer) }
        tell(peer, .welcome, number: UInt32(configuration.heartbeat.wholeMilliseconds), id: peer.session)
    }

    func refuse(_ fault: WireFault, to peer: Peer, correlation: UInt64 = 0) {
        statistics.malformed += 1
        tell(peer, .refusal, code: fault.code, id: correlation, text: fault.reason)
    }

    // MARK: Topics

    /// The topic of that name; `nil` if there are too many to remember another.
    func topic(_ name: UnsafeRawBufferPointer) throws(WireFault) -> Topic? {
        if let lastTopic, lastTopic.name.elementsEqual(name) { return lastTopic }
        let key = [UInt8](name)
        if let topic = topics[key] {
            lastTopic = topic
            return topic
        }
        guard !key.isEmpty else { throw .topicLength(0) }
        guard !key.contains(0), String(validating: key, as: UTF8.self) != nil else { throw .topicEncoding }
        if topics.count >= configuration.topicsMax { forgetIdleTopics() }
        guard topics.count < configuration.topicsMax else { return nil }
        let topic = Topic(
            name: key, counts: ledger[key], hintsMax: configuration.queueMessagesMax,
            bytesMax: configuration.queueBytesMax)
        topics[key] = topic
        lastTopic = topic
        return topic
    }

    func forgetIdleTopics() {
        topics = topics.filter { !$0.value.isIdle }
        lastTopic = nil
    }

    /// Gives a copy to the observers: of commands without their body.
    func observe(_ record: Record, on topic: Topic) {
        guard wire.isObserved else { return }
        show(record.kind, key: record.key, body: record.kind == .command ? .empty : record.body, on: topic)
    }

    private func show(_ kind: RecordKind, key: UnsafeRawBufferPointer, body: UnsafeRawBufferPointer, on topic: Topic) {
        topic.feedSequence += 1
        feedBatch.append(kind, id: topic.feedSequence, key: key, body: body)
        wire.publish(topic: topic.name, batch: feedBatch.bytes)
        feedBatch.removeAll()
        statistics.observed += 1
    }

    // MARK: Sending

    func nextInWaiting() -> UInt64 {
        waitingSequence += 1
        return waitingSequence
    }

    /// Tells a client something that is no message. A client that reads nothing does not hear it either.
    func tell(
        _ peer: Peer, _ kind: RecordKind, code: MessagingError.Code? = nil, number: UInt32 = 0, id: UInt64 = 0,
        text: String = ""
    ) {
        guard hasRoom(peer) else { return }
        var text = text
        text.withUTF8 {
            peer.batch.append(
                kind, code: code?.number ?? 0, number: number, id: id, body: UnsafeRawBufferPointer($0))
        }
        markDirty(peer)
    }

    /// Whether the batch of a client takes another record, after sending it if it was full.
    func hasRoom(_ peer: Peer) -> Bool {
        if peer.isForgotten { return false }
        if peer.isFull { flush(peer) }
        return !peer.isFull && !peer.isForgotten
    }

    func markDirty(_ peer: Peer) {
        guard !peer.isDirty else { return }
        peer.isDirty = true
        dirtyPeers.append(peer)
    }

    /// Sends what the turn has gathered. Batches that clients did not take earlier are tried again.
    ///
    /// - Parameter beforeFurtherRounds: called before that is sent which the sending itself has brought about.
    func flush(beforeFurtherRounds: () -> Void = {}) {
        while !dirtyPeers.isEmpty || !blockedPeers.isEmpty {
            let batches = dirtyPeers + blockedPeers
            dirtyPeers = []
            blockedPeers = []
            for peer in batches {
                let wasBlocked = peer.isBlocked
                peer.isDirty = false
                flush(peer)
                if wasBlocked, !peer.isBlocked { serve(peer) }
            }
            // Serving may have gathered more; those still blocked wait for the next turn.
            if dirtyPeers.isEmpty { return }
            beforeFurtherRounds()
        }
    }

    private func flush(_ peer: Peer) {
        guard !peer.batch.isEmpty, !peer.isForgotten else { return }
        switch wire.send(peer.batch.bytes, to: peer.routingID) {
        case .done:
            peer.batch.removeAll()
            peer.isBlocked = false
        case .wouldBlock:
            if !peer.isBlocked || !blockedPeers.contains(where: { $0 === peer }) { blockedPeers.append(peer) }
            peer.isBlocked = true
        case .unreachable, .failed:
            forget(peer)
            routeAgain(peer)
        }
    }
}

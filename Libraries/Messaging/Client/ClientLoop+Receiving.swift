import Logging

extension ClientLoop {
    /// Follows what libzmq reports of a broker's connection.
    func followConnection(of link: BrokerLink, now: SuspendingClock.Instant) {
        while let event = link.monitor.next() {
            switch event {
            case .connected:
                logger.debug("Connected to the bus.", metadata: ["broker": "\(link.endpoint)"])
                link.connected(name: configuration.name, now: now)
            case .disconnected: lose(link)
            case .handshakeFailed(let failure):
                logger.warning(
                    "The bus refuses the connection.",
                    metadata: ["broker": "\(link.endpoint)", "failure": "\(failure)"])
            }
        }
        countConnections()
    }

    func countConnections() {
        let count = links.count { $0.isReady }
        statistics.update { $0.connectedEndpoints = count }
    }

    private func lose(_ link: BrokerLink) {
        if link.isReady { logger.info("Lost a broker.", metadata: ["broker": "\(link.endpoint)"]) }
        let hintsLost = link.disconnected()
        if hintsLost > 0 { statistics.update { $0.dropped += hintsLost } }
        let error = MessagingError(
            .brokerLost, endpoint: link.endpoint.description, "the connection to the broker was lost")
        requests.failAll(on: link.index, error)
    }

    /// Takes what a broker has sent and hands it to those it is for.
    func receive(from link: BrokerLink, now: SuspendingClock.Instant) {
        var deliveries = DeliveryBatch()
        for _ in 0..<BusLimits.receivesPerTurn {
            guard link.socket.receive(into: frame) == .done else { break }
            link.heard(now: now)
            guard !frame.hasMore else {
                link.socket.discardRest(after: frame)
                statistics.update { $0.malformed += 1 }
                continue
            }
            do {
                var reader = try BatchReader(frame.bytes, bodyBytesMax: configuration.bodyBytesMax)
                while let record = try reader.next() { handle(record, from: link, deliveries: &deliveries) }
            } catch {
                statistics.update { $0.malformed += 1 }
                logger.warning(
                    "A broker sent what cannot be read.",
                    metadata: ["broker": "\(link.endpoint)", "reason": "\(error.reason)"])
            }
        }
        deliver(&deliveries, from: link)
    }

    private func handle(_ record: Record, from link: BrokerLink, deliveries: inout DeliveryBatch) {
        switch record.kind {
        case .hint, .command: collect(record, from: link, into: &deliveries)
        case .welcome: open(session: record.id, heartbeat: .milliseconds(record.number), on: link)
        case .reply: answered(record)
        case .pong: _ = requests.finish(record.id, with: .success(BusReply(status: .ok)))
        case .refusal: refused(record, by: link)
        case .heartbeat: break
        case .hello, .goodbye, .subscribe, .unsubscribe, .credit, .ping, .report:
            statistics.update { $0.malformed += 1 }
        }
    }

    private func collect(_ record: Record, from link: BrokerLink, into deliveries: inout DeliveryBatch) {
        if deliveries.channel?.id != record.number {
            deliver(&deliveries, from: link)
            deliveries.channel = consumers[record.number]
        }
        guard let channel = deliveries.channel else {
            statistics.update { $0.unclaimed += 1 }
            if record.kind == .command { decline(record, on: link) }
            return
        }
        let receipt = MessageReceipt(
            commandID: record.kind == .command ? record.id : nil, channel: channel, link: link.index,
            mailbox: mailbox)
        deliveries.messages.append(
            BusMessage(
                topic: channel.topicName(record.topic), key: String(decoding: record.key, as: UTF8.self),
                body: [UInt8](record.body), receipt: receipt))
    }

    /// A command for a consumer that has just been cancelled.
    private func decline(_ record: Record, on link: BrokerLink) {
        guard link.isReady else { return }
        link.append(
            .reply, flags: .rejected, id: record.id, topic: "unanswered", body: Array("the consumer has ended".utf8))
    }

    private func deliver(_ deliveries: inout DeliveryBatch, from link: BrokerLink) {
        guard let channel = deliveries.channel, !deliveries.messages.isEmpty else { return }
        statistics.update { $0.received += deliveries.messages.count }
        channel.deliver(deliveries.messages, link: link.index)
        deliveries.messages = []
    }

    private func open(session: UInt64, heartbeat: Duration, on link: BrokerLink) {
        guard link.phase != .ready(session: session) else { return }
        link.welcomed(session: session, heartbeat: heartbeat)
        statistics.update { $0.sessions += 1 }
        countConnections()
        for channel in consumers.values { subscribe(channel, on: link) }
    }

    private func answered(_ record: Record) {
        let status: BusReply.Status
        if record.flags.contains(.rejected) {
            status = .rejected(
                code: String(decoding: record.topic, as: UTF8.self),
                reason: String(decoding: record.body, as: UTF8.self))
        } else {
            status = .ok
        }
        let body = record.flags.contains(.rejected) ? [] : [UInt8](record.body)
        if requests.finish(record.id, with: .success(BusReply(status: status, body: body))) {
            statistics.update { $0.answers += 1 }
        }
    }

    private func refused(_ record: Record, by link: BrokerLink) {
        let error = MessagingError(
            MessagingError.Code(number: record.code), endpoint: link.endpoint.description,
            String(decoding: record.body, as: UTF8.self))
        if record.id != 0 {
            if requests.finish(record.id, with: .failure(error)) { statistics.update { $0.answers += 1 } }
        } else {
            statistics.update { $0.malformed += 1 }
            logger.warning("The broker refused a message.", metadata: ["error": "\(error)"])
        }
    }
}

/// Messages of one turn for one consumer, handed over together.
struct DeliveryBatch {
    var channel: ConsumerChannel?
    var messages: [BusMessage] = []
}

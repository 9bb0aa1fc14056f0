import Messaging

extension MessageRouter {
    func receiveCommand(_ record: Record, from peer: Peer) throws(WireFault) {
        statistics.received += 1
        let found: Topic?
        do {
            found = try topic(record.topic)
        } catch {
            return refuse(error, to: peer, correlation: record.id)
        }
        guard let topic = found else {
            return refuseCommand(
                record, of: peer, ledger[[UInt8](record.topic)], .overloaded, "the broker knows too many topics")
        }
        topic.counts.statistics.received += 1
        observe(record, on: topic)
        guard !topic.consumers.isEmpty else {
            return refuseCommand(record, of: peer, topic.counts, .noConsumer, "nobody consumes the topic")
        }
        guard commands.count < configuration.commandsMax, topic.commandsWaiting < configuration.queueMessagesMax,
            bytesWaiting + record.key.count + record.body.count <= configuration.queueBytesMax
        else {
            return refuseCommand(record, of: peer, topic.counts, .overloaded, "too many commands wait already")
        }
        let timeout = min(configuration.commandTimeoutMax, .milliseconds(record.number))
        let command = Command(
            requester: peer.routingID, correlation: record.id, deadline: now.advanced(by: timeout), topic: topic,
            key: [UInt8](record.key), body: [UInt8](record.body))
        nextCommandID &+= 1
        commands[nextCommandID] = command
        route(command: nextCommandID)
    }

    /// Hands a command to the consumer that has waited longest, or lets it wait.
    private func route(command id: UInt64) {
        guard let command = commands[id] else { return }
        bytesWaiting += command.size
        while let consumer = command.topic.longestWaitingConsumer {
            guard hasRoom(consumer.peer) else { continue }
            return hand(command: id, to: consumer)
        }
        if command.topic.consumers.isEmpty {
            end(command: id, .noConsumer, "the last consumer of the topic has left")
        } else {
            command.topic.appendCommand(id)
        }
    }

    /// Hands over a command that waits.
    func hand(command id: UInt64, to consumer: Consumer) {
        // Answered meanwhile: its time was over.
        guard let command = commands[id], command.holder == nil else { return }
        guard command.deadline > now else { return end(command: id, .timeout, "no consumer was free in time") }
        bytesWaiting -= command.size
        command.key.withUnsafeBytes { key in
            command.body.withUnsafeBytes { body in
                hand(.command, to: consumer, id: id, topic: command.topic, key: key, body: body)
            }
        }
        commands[id]?.holder = consumer.peer.routingID
        commands[id]?.body = []
        consumer.peer.heldCommands.insert(id)
    }

    /// Passes the answer of a consumer on to the requester.
    func receiveReply(_ record: Record, from peer: Peer) {
        guard peer.heldCommands.remove(record.id) != nil, let command = commands.removeValue(forKey: record.id) else {
            statistics.answersDropped += 1
            return
        }
        guard let requester = peers[command.requester], hasRoom(requester) else {
            statistics.answersDropped += 1
            return
        }
        requester.batch.append(
            .reply, flags: record.flags, id: command.correlation, topic: record.topic, body: record.body)
        markDirty(requester)
        statistics.answered += 1
    }

    /// Ends a command that no consumer answers any more.
    func end(command id: UInt64, _ code: MessagingError.Code, _ text: String) {
        guard let command = commands.removeValue(forKey: id) else { return }
        if let holder = command.holder {
            peers[holder]?.heldCommands.remove(id)
        } else {
            bytesWaiting -= command.size
        }
        count(code)
        command.topic.counts.statistics.refused += 1
        guard let requester = peers[command.requester], hasRoom(requester) else {
            statistics.answersDropped += 1
            return
        }
        tell(requester, .refusal, code: code, id: command.correlation, text: text)
    }

    /// Ends the commands whose time is over.
    func expireCommands() {
        for (id, command) in commands where command.deadline <= now {
            if command.holder == nil { command.topic.removeCommand(id) }
            let missing = command.holder == nil ? "no consumer was free" : "no answer came"
            end(command: id, .timeout, "\(missing) in time")
        }
    }

    /// Ends the commands that wait for a topic which nobody consumes any more.
    func endCommands(waitingFor topic: Topic) {
        guard topic.consumers.isEmpty else { return }
        while let id = topic.popCommand() { end(command: id, .noConsumer, "the last consumer of the topic has left") }
    }

    /// Routes a command again that never reached the consumer it was handed to.
    func routeAgain(command id: UInt64, body: UnsafeRawBufferPointer) {
        guard commands[id] != nil else { return }
        commands[id]?.holder = nil
        commands[id]?.body = [UInt8](body)
        route(command: id)
    }

    private func refuseCommand(
        _ record: Record, of peer: Peer, _ counts: TopicCounts, _ code: MessagingError.Code, _ text: String
    ) {
        count(code)
        counts.statistics.refused += 1
        tell(peer, .refusal, code: code, id: record.id, text: text)
    }

    private func count(_ code: MessagingError.Code) {
        switch code {
        case .overloaded: statistics.overloaded += 1
        case .noConsumer: statistics.withoutConsumer += 1
        case .consumerLost: statistics.consumerLost += 1
        case .timeout: statistics.timedOut += 1
        default: break
        }
    }
}

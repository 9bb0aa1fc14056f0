import Messaging

extension MessageRouter {
    func subscribe(_ record: Record, _ peer: Peer) throws(WireFault) {
        guard let number = UInt32(exactly: record.id),
            peer.consumers[record.id] != nil || peer.consumers.count < configuration.consumersPerPeerMax
        else {
            statistics.malformed += 1
            return tell(
                peer, .refusal, code: .overloaded,
                text: "a client has at most \(configuration.consumersPerPeerMax) consumers")
        }
        let known = peer.consumers[record.id]
        guard (known?.topics.count ?? 0) < configuration.topicsPerConsumerMax, let topic = try topic(record.topic)
        else {
            statistics.malformed += 1
            return tell(peer, .refusal, code: .overloaded, text: "too many topics are subscribed to already")
        }
        let consumer = known ?? Consumer(number: number, peer: peer)
        peer.consumers[record.id] = consumer
        consumer.subscribe(to: topic)
        serve(consumer)
    }

    /// Forgets a consumer with its credit. What was handed to it stays with its client.
    func removeConsumer(_ id: UInt64, of peer: Peer) {
        guard let consumer = peer.consumers.removeValue(forKey: id) else { return }
        for topic in consumer.unsubscribe() { endCommands(waitingFor: topic) }
    }

    /// Forgets a client, its consumers and their credit. Hints handed to it are not given to anybody else, since
    /// Postgres knows what is left to do; requesters of commands handed to it learn that nobody will answer.
    func forget(_ peer: Peer) {
        guard !peer.isForgotten else { return }
        peer.isForgotten = true
        peers[peer.routingID] = nil
        let unsent = unsentCommands(of: peer)
        for id in Array(peer.consumers.keys) { removeConsumer(id, of: peer) }
        for id in peer.heldCommands where !unsent.contains(id) {
            end(command: id, .consumerLost, "the consumer that held the command is gone")
        }
        peer.heldCommands = []
    }

    /// Routes again what libzmq did not take for a client that is gone: it certainly never reached it.
    func routeAgain(_ peer: Peer) {
        guard var reader = try? BatchReader(peer.batch.bytes, bodyBytesMax: configuration.bodyBytesMax) else { return }
        while let record = try? reader.next() {
            switch record.kind {
            case .hint:
                statistics.delivered -= 1
                if let topic = try? topic(record.topic) {
                    route(hint: record.key, body: record.body, on: topic)
                } else {
                    statistics.dropped += 1
                }
            case .command:
                statistics.delivered -= 1
                routeAgain(command: record.id, body: record.body)
            default: break
            }
        }
        peer.batch.removeAll()
    }

    private func unsentCommands(of peer: Peer) -> Set<UInt64> {
        guard !peer.heldCommands.isEmpty,
            var reader = try? BatchReader(peer.batch.bytes, bodyBytesMax: configuration.bodyBytesMax)
        else { return [] }
        var unsent: Set<UInt64> = []
        while let record = try? reader.next() {
            if record.kind == .command { unsent.insert(record.id) }
        }
        return unsent
    }

    /// What time alone brings about. Call it at least every half heartbeat.
    ///
    /// - Parameter hasStalled: whether the broker itself stood still, so that silence says nothing about the clients.
    /// - Returns: the names of the clients that were forgotten because they were silent.
    @discardableResult
    func tick(hasStalled: Bool) -> [String] {
        var silenced: [String] = []
        for peer in Array(peers.values) {
            if hasStalled {
                peer.lastHeard = now
            } else if now - peer.lastHeard > configuration.heartbeat * 3 {
                statistics.silenced += 1
                silenced.append(peer.name)
                forget(peer)
                routeAgain(peer)
            }
        }
        expireCommands()
        forgetIdleTopics()
        return silenced
    }

    /// The counters, with what is known and waits at this moment.
    func snapshot() -> BusBrokerStatistics {
        var snapshot = statistics
        snapshot.peers = peers.count
        snapshot.commands = commands.count
        for peer in peers.values {
            snapshot.consumers += peer.consumers.count
            for consumer in peer.consumers.values { snapshot.credit += consumer.credit }
        }
        for topic in topics.values where topic.hasWaiting {
            snapshot.waiting[String(decoding: topic.name, as: UTF8.self)] = topic.waiting
        }
        return snapshot
    }
}

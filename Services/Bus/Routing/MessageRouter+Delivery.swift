import Messaging

extension MessageRouter {
    /// Hands a hint to the consumer that has waited longest, or lets it wait.
    func route(hint key: UnsafeRawBufferPointer, body: UnsafeRawBufferPointer, on topic: Topic) {
        while let consumer = topic.longestWaitingConsumer {
            guard hasRoom(consumer.peer) else { continue }
            hand(.hint, to: consumer, topic: topic, key: key, body: body)
            return
        }
        let size = key.count + body.count
        while bytesWaiting + size > configuration.queueBytesMax, let oldest = topic.hints.popFirst() {
            bytesWaiting -= oldest.size
            countDropped(1, topic)
        }
        guard bytesWaiting + size <= configuration.queueBytesMax else {
            countDropped(1, topic)
            return
        }
        let sizeBefore = topic.hints.size
        let outcome = topic.hints.append([UInt8](body), key: [UInt8](key), size: size)
        bytesWaiting += topic.hints.size - sizeBefore
        statistics.merged += outcome.merged ? 1 : 0
        topic.counts.statistics.merged += outcome.merged ? 1 : 0
        countDropped(outcome.dropped, topic)
    }

    private func countDropped(_ count: Int, _ topic: Topic) {
        statistics.dropped += count
        topic.counts.statistics.dropped += count
    }

    /// Appends a message to the batch of a consumer that has credit and room.
    func hand(
        _ kind: RecordKind, to consumer: Consumer, id: UInt64 = 0, topic: Topic, key: UnsafeRawBufferPointer,
        body: UnsafeRawBufferPointer
    ) {
        topic.name.withUnsafeBytes { name in
            consumer.peer.batch.append(kind, number: consumer.number, id: id, topic: name, key: key, body: body)
        }
        consumer.credit -= 1
        consumer.waitingSince = nextInWaiting()
        statistics.delivered += 1
        topic.counts.statistics.delivered += 1
        markDirty(consumer.peer)
    }

    func receiveCredit(_ record: Record, from peer: Peer) {
        // Credit for a consumer that is gone: it crossed with the unsubscription.
        guard let consumer = peer.consumers[record.id] else { return }
        if consumer.credit == 0 { consumer.waitingSince = nextInWaiting() }
        consumer.credit = min(configuration.creditMax, consumer.credit + Int(record.number))
        serve(consumer)
    }

    /// Hands what waits to all consumers of a client.
    func serve(_ peer: Peer) {
        for consumer in Array(peer.consumers.values) { serve(consumer) }
    }

    /// Hands what waits to a consumer until its credit is used up: commands first, then hints, topics taking turns.
    func serve(_ consumer: Consumer) {
        let peer = consumer.peer
        while consumer.credit > 0, hasRoom(peer), let topic = consumer.nextWaitingTopic() {
            if let id = topic.popCommand() {
                hand(command: id, to: consumer)
            } else if let hint = topic.hints.popFirst() {
                bytesWaiting -= hint.size
                hint.key.withUnsafeBytes { key in
                    hint.element.withUnsafeBytes { hand(.hint, to: consumer, topic: topic, key: key, body: $0) }
                }
            }
        }
    }
}

/// One consumer of a client: topics it wants and messages it is ready to take.
final class Consumer {
    unowned let peer: Peer
    /// The client's own number of the consumer.
    let number: UInt32
    private(set) var topics: [Topic] = []
    var credit = 0
    /// Grows with every delivery and every return to credit, over all consumers: the smallest has waited longest.
    var waitingSince: UInt64 = 0
    private var nextTopic = 0

    init(number: UInt32, peer: Peer) {
        self.number = number
        self.peer = peer
    }

    /// Whether a message can be handed over.
    var isReady: Bool { credit > 0 && !(peer.isBlocked && peer.isFull) }

    func subscribe(to topic: Topic) {
        guard !topics.contains(where: { $0 === topic }) else { return }
        topics.append(topic)
        topic.consumers.append(self)
    }

    /// Leaves all topics and returns them.
    func unsubscribe() -> [Topic] {
        for topic in topics { topic.consumers.removeAll { $0 === self } }
        defer { topics = [] }
        return topics
    }

    /// A topic in which something waits; they take turns.
    func nextWaitingTopic() -> Topic? {
        for _ in 0..<topics.count {
            nextTopic = (nextTopic + 1) % topics.count
            if topics[nextTopic].hasWaiting { return topics[nextTopic] }
        }
        return nil
    }
}

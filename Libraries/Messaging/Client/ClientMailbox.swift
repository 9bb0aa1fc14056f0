import Synchronization

/// What tasks leave for the loop: hints in a bounded, merging outbox, and everything else as events.
///
/// Requests are bounded by `requestsMax`, answers by the credit, the rest by how often a program opens consumers.
final class ClientMailbox: Sendable {
    struct HintKey: Hashable {
        let topic: String
        let key: String
    }

    private struct Contents {
        var outbox: MergingQueue<HintKey, [UInt8]>
        var events: [ClientEvent] = []
        var isClosed = false
        var published = 0
        var merged = 0
        var dropped = 0
        var refused = 0
    }

    let wakeUp: WakeUp
    private let bodyBytesMax: Int
    private let contents: Mutex<Contents>

    init(configuration: BusConfiguration) throws(MessagingError) {
        wakeUp = try WakeUp()
        bodyBytesMax = configuration.bodyBytesMax
        contents = Mutex(
            Contents(
                outbox: MergingQueue(
                    countMax: configuration.outboxMessagesMax, sizeMax: configuration.outboxBytesMax)))
    }

    /// Puts a hint into the outbox.
    func publish(topic: String, key: String, body: [UInt8]) -> PublishOutcome {
        if let error = sizeError(topic: topic, key: key, body: body) {
            contents.withLock { $0.refused += 1 }
            return .refused(error)
        }
        let size = topic.utf8.count + key.utf8.count + body.count
        let outcome = contents.withLock { contents -> PublishOutcome in
            guard !contents.isClosed else {
                contents.refused += 1
                return .refused(Self.closedError)
            }
            let outcome = contents.outbox.append(body, key: HintKey(topic: topic, key: key), size: size)
            contents.published += 1
            contents.merged += outcome.merged ? 1 : 0
            contents.dropped += outcome.dropped
            return outcome.merged ? .merged : .accepted
        }
        if case .accepted = outcome { wakeUp.signal() }
        return outcome
    }

    /// Leaves an event for the loop; `false` if the client is closed.
    func submit(_ event: ClientEvent) -> Bool {
        let isAccepted = contents.withLock { contents in
            guard !contents.isClosed else { return false }
            contents.events.append(event)
            return true
        }
        if isAccepted { wakeUp.signal() }
        return isAccepted
    }

    /// Why a message cannot go over the bus, if it cannot.
    func sizeError(topic: String, key: String, body: [UInt8]) -> MessagingError? {
        let topicBytes = topic.utf8.count
        let keyBytes = key.utf8.count
        if topicBytes == 0 || topicBytes > BusLimits.topicBytesMax {
            return MessagingError(.tooLarge, WireFault.topicLength(topicBytes).reason)
        }
        if keyBytes > BusLimits.keyBytesMax {
            return MessagingError(.tooLarge, WireFault.keyLength(keyBytes).reason)
        }
        if body.count > bodyBytesMax {
            return MessagingError(
                .tooLarge, "a body of \(body.count) bytes exceeds the \(bodyBytesMax) that the bus carries")
        }
        return nil
    }

    static let closedError = MessagingError(.closed, "the bus client is closed")

    // MARK: For the loop

    func takeEvents() -> [ClientEvent] {
        contents.withLock { contents in
            defer { contents.events = [] }
            return contents.events
        }
    }

    /// Takes up to `max` hints out of the outbox.
    func takeHints(max: Int) -> [MergingQueue<HintKey, [UInt8]>.Entry] {
        contents.withLock { contents in
            var hints: [MergingQueue<HintKey, [UInt8]>.Entry] = []
            hints.reserveCapacity(min(max, contents.outbox.count))
            while hints.count < max, let entry = contents.outbox.popFirst() { hints.append(entry) }
            return hints
        }
    }

    /// Whether there is anything to do for a loop that can, or cannot, send hints now.
    func hasWork(canSendHints: Bool) -> Bool {
        contents.withLock { !$0.events.isEmpty || (canSendHints && !$0.outbox.isEmpty) }
    }

    var outboxIsEmpty: Bool { contents.withLock { $0.outbox.isEmpty } }

    /// Accepts nothing more; returns the events that came in before.
    func close() -> [ClientEvent] {
        contents.withLock { contents in
            contents.isClosed = true
            contents.dropped += contents.outbox.count
            while contents.outbox.popFirst() != nil {}
            defer { contents.events = [] }
            return contents.events
        }
    }

    func addCounts(to statistics: inout BusClientStatistics) {
        contents.withLock { contents in
            statistics.published += contents.published
            statistics.merged += contents.merged
            statistics.dropped += contents.dropped
            statistics.refused += contents.refused
            statistics.outboxWaiting = contents.outbox.count
        }
        statistics.wakeUps = wakeUp.writeCount
    }
}

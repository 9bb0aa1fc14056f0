import Logging
import Synchronization

/// A program's connection to the bus: publishes hints, asks commands, consumes and observes.
///
/// One thread of its own holds all sockets; every method may be called from anywhere and none blocks. Make one client per
/// process and close it at the end.
public final class BusClient: Sendable {
    private let configuration: BusConfiguration
    private let mailbox: ClientMailbox
    private let statisticsOfLoop: LoopStatistics
    private let nextID = Atomic<UInt64>(1)

    /// Starts connecting to the brokers; an unreachable one is tried again and again in the background.
    ///
    /// - Throws: `MessagingError`: `invalidEndpoint`; `insecureConnect` for an endpoint on another machine without CURVE
    ///   keys; `system`.
    public init(configuration: BusConfiguration, logger: Logger) throws {
        self.configuration = configuration
        mailbox = try ClientMailbox(configuration: configuration)
        statisticsOfLoop = LoopStatistics()
        let loop = try ClientLoop(
            configuration: configuration, mailbox: mailbox, statistics: statisticsOfLoop, logger: logger)
        try LoopThread.start(name: "bus-\(configuration.name)") { loop.run() }
    }

    deinit {
        _ = mailbox.submit(.close(nil))
    }

    /// Publishes a hint. It never blocks and needs no broker to be there: hints wait in a bounded outbox, where one with
    /// the same topic and key is replaced, and whose oldest is dropped and counted when it is full.
    ///
    /// - Parameters:
    ///   - topic: what consumers subscribe to, 1 to 255 bytes.
    ///   - key: what hints of a topic are merged by, at most 1,024 bytes.
    ///   - body: at most `bodyBytesMax` bytes.
    /// - Returns: whether it was accepted; refusals are counted as well.
    @discardableResult
    public func publish(topic: String, key: String, body: [UInt8]) -> PublishOutcome {
        mailbox.publish(topic: topic, key: key, body: body)
    }

    /// Tells observers something that nobody acts on. It never blocks; without a broker, or without observers, it is lost.
    ///
    /// - Returns: false when it is too large, or the client is closed.
    @discardableResult
    public func report(topic: String, key: String, body: [UInt8]) -> Bool {
        guard mailbox.sizeError(topic: topic, key: key, body: body) == nil else { return false }
        return mailbox.submit(.report(topic: topic, key: key, body: body))
    }

    /// Sends a command to one consumer of the topic and waits for its answer.
    ///
    /// - Parameter timeout: how long to wait in all, for a broker, a consumer and the answer.
    /// - Throws: `overloaded`, `noConsumer` and `tooLarge` when nothing was done; `timeout`, `consumerLost`, `brokerLost`,
    ///   `cancelled` and `closed` when the command may have been carried out, so that repeating it must be harmless.
    public func request(
        topic: String, key: String, body: [UInt8], timeout: Duration
    ) async throws(MessagingError) -> BusReply {
        if let error = mailbox.sizeError(topic: topic, key: key, body: body) { throw error }
        return try await answer(to: .command(topic: topic, key: key, body: body), timeout: timeout)
    }

    /// Goes to a broker and back. When it returns, all that this client did before (subscriptions, credit, hints that
    /// fitted) has arrived there.
    ///
    /// - Throws: `timeout` if no broker answers in time; `cancelled`, `closed`, `brokerLost`.
    public func ping(timeout: Duration) async throws(MessagingError) {
        _ = try await answer(to: .ping, timeout: timeout)
    }

    /// Consumes the hints and commands of some topics.
    ///
    /// - Parameters:
    ///   - topics: whole topics, no patterns.
    ///   - credit: how many messages each broker may hand over ahead of their being finished; 1 to `inboxMessagesMax`,
    ///     what lies outside is brought to the nearest.
    /// - Returns: batches of messages. It ends when the client closes; on a closed client, at once.
    public func consume(topics: [String], credit: Int) -> BusConsumer {
        let channel = ConsumerChannel(
            id: UInt32(truncatingIfNeeded: nextID.wrappingAdd(1, ordering: .relaxed).oldValue),
            topics: topics,
            credit: min(max(1, credit), configuration.inboxMessagesMax),
            links: configuration.endpoints.count,
            wakeUp: mailbox.wakeUp
        )
        if !mailbox.submit(.addConsumer(channel)) { channel.end() }
        return BusConsumer(channel: channel, mailbox: mailbox)
    }

    /// Looks at copies of the messages on the bus whose topics begin with one of the prefixes; "" stands for all.
    /// Commands come without their body. An observer that is too slow misses messages and is told how many.
    ///
    /// - Throws: `MessagingError`: `invalidEndpoint` without a usable `eventsEndpoint`, `insecureConnect`, `closed`.
    public func observe(topicPrefixes: [String]) throws -> AsyncStream<ObservedMessage> {
        guard configuration.eventsEndpoint != nil else {
            throw MessagingError(
                .invalidEndpoint, "observing needs the endpoint of the observers' feed (WEIR_BUS_EVENTS)")
        }
        let id = nextID.wrappingAdd(1, ordering: .relaxed).oldValue
        let (stream, continuation) = AsyncStream.makeStream(
            of: ObservedMessage.self, bufferingPolicy: .bufferingOldest(configuration.inboxMessagesMax))
        let observation = Observation(id: id, topicPrefixes: topicPrefixes, continuation: continuation)
        guard mailbox.submit(.observe(observation)) else { throw ClientMailbox.closedError }
        continuation.onTermination = { [mailbox] _ in
            _ = mailbox.submit(.endObservation(id))
        }
        return stream
    }

    /// Ends consumers and observations, sends what waits within `closeTimeout`, leaves the brokers and closes the sockets.
    /// Requests that wait throw `closed`. Closing again waits for the same end.
    public func close() async {
        await withCheckedContinuation { continuation in
            if !mailbox.submit(.close(continuation)) { continuation.resume() }
        }
    }

    /// What the client has done and what waits.
    public var statistics: BusClientStatistics {
        var statistics = statisticsOfLoop.current
        mailbox.addCounts(to: &statistics)
        return statistics
    }

    private func answer(
        to content: PendingRequest.Content, timeout: Duration
    ) async throws(MessagingError) -> BusReply {
        let id = nextID.wrappingAdd(1, ordering: .relaxed).oldValue
        let deadline = SuspendingClock().now.advanced(by: timeout)
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let request = PendingRequest(
                    id: id, content: content, timeout: timeout, deadline: deadline, continuation: continuation)
                guard mailbox.submit(.request(request)) else {
                    continuation.resume(returning: .failure(ClientMailbox.closedError))
                    return
                }
                // Cancelled before the request was there to be cancelled.
                if Task.isCancelled { _ = mailbox.submit(.cancelRequest(id)) }
            }
        } onCancel: {
            _ = mailbox.submit(.cancelRequest(id))
        }
        return try result.get()
    }
}

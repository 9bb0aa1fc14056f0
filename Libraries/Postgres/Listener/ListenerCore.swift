internal import Logging
internal import Synchronization

/// The connection of a ``PostgresListener``.
final class ListenerCore: Sendable, ConnectionDelegate {
    let events: EventQueue
    private let listen: Pipeline
    private let environment: ConnectionEnvironment
    private let logger: Logger
    private let thread = Mutex<ConnectionThread?>(nil)
    private let hasFailed = Atomic<Bool>(false)

    init(
        _ configuration: PostgresPool.Configuration, channels: [String], eventsMax: Int, logger: Logger
    ) throws(PostgresError) {
        environment = try ConnectionEnvironment(configuration, counters: PoolCounters(), logger: logger)
        events = EventQueue(eventsMax: eventsMax)
        self.logger = logger
        var listen = Pipeline()
        for channel in channels {
            guard !channel.utf8.contains(0), !channel.isEmpty else {
                throw PostgresError(.invalidParameter, "a channel's name is empty or contains NUL (U+0000)")
            }
            listen.add(Statement("listener.listen", "LISTEN \(channel.quotedIdentifier)"))
        }
        self.listen = listen
    }

    func start() throws(PostgresError) {
        let thread = try ConnectionThread(slot: 0, environment: environment, delegate: self)
        self.thread.withLock { $0 = thread }
        try thread.start()
    }

    func close() {
        events.close()
        thread.withLock { $0.take() }?.close()
    }

    func connectionReady(_ slot: Int, _ session: SessionFacts) -> Flight? {
        Flight(.pipeline(listen)) { [self] outcome in
            switch outcome {
            case .success:
                hasFailed.store(false, ordering: .relaxed)
                logger.debug("Listening to Postgres.", metadata: ["session": "\(session.epoch)"])
                events.append(.resynchronize)
            case .failure(let error):
                // For instance a standby, which cannot listen. Another session may reach another server.
                complain("Cannot listen to Postgres", error)
                thread.withLock { $0 }?.post(Flight(.disconnect(error)) { _ in })
            }
        }
    }

    func connectionFinished(_ slot: Int) -> Flight? { nil }

    func connectionLost(_ slot: Int, _ error: PostgresError) {
        complain("Listening connection to Postgres lost", error)
    }

    func connectionFailed(_ slot: Int, _ error: PostgresError) {
        complain("Cannot connect to Postgres to listen", error)
    }

    /// Said once per outage; the attempts that follow are many and alike.
    private func complain(_ message: Logger.Message, _ error: PostgresError) {
        let isFirst = !hasFailed.exchange(true, ordering: .relaxed)
        logger.log(
            level: isFirst ? .warning : .debug, message,
            metadata: ["error": .string(error.description)])
    }

    func connectionReturned(_ slot: Int, _ flight: Flight) {
        // The next session brings its own LISTEN.
    }

    func connectionNotified(channel: String, payload: String) {
        events.append(.notification(channel: channel, payload: payload))
    }

    func connectionClosed(_ slot: Int) {
        events.close()
    }
}

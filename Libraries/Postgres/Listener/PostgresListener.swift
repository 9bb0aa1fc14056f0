public import Logging

/// Listens to channels on a connection of its own, and keeps listening when the connection is lost and made again.
///
/// The elements are notifications and ``Event/resynchronize``: notifications are lost while there is no connection, so after each one
/// of these, the first included, look at the tables themselves. One task iterates; more would share the elements.
///
/// ```swift
/// for await event in listener {
///     switch event {
///     case .resynchronize: await scanTables()
///     case .notification(let channel, let payload): await handle(channel, payload)
///     }
/// }
/// ```
public final class PostgresListener: AsyncSequence, Sendable {
    /// What a listener reports.
    public enum Event: Sendable, Hashable {
        /// A `NOTIFY` on a channel.
        case notification(channel: String, payload: String)
        /// Listening has begun, or begun again, or more came than was taken: anything may have been missed.
        case resynchronize
    }

    private let core: ListenerCore

    /// Connects and listens.
    ///
    /// - Parameters:
    ///   - configuration: server, time-outs and pauses as for a pool; a pooler between client and server must keep sessions.
    ///   - channels: names of the channels, as `NOTIFY` spells them (lower case unless quoted there).
    ///   - eventsMax: events kept for a slow reader; one more replaces them all by a single ``Event/resynchronize``.
    ///   - logger: hears of connections lost and made.
    /// - Throws: ``PostgresError/Code/invalidParameter`` if the connection string cannot be parsed or a name has NUL.
    public init(
        configuration: PostgresPool.Configuration, channels: [String], eventsMax: Int = 1024, logger: Logger
    ) throws(PostgresError) {
        core = try ListenerCore(configuration, channels: channels, eventsMax: eventsMax, logger: logger)
        try core.start()
    }

    deinit {
        core.close()
    }

    /// Stops listening; the sequence ends.
    public func close() {
        core.close()
    }

    /// An iterator over the events from now on.
    public func makeAsyncIterator() -> Iterator {
        Iterator(listener: self, core: core)
    }

    /// Waits for one event after the other; ends when the listener is closed or the task is cancelled.
    public struct Iterator: AsyncIteratorProtocol {
        /// Keeps the connection open for as long as somebody iterates.
        private let listener: PostgresListener
        private let core: ListenerCore

        fileprivate init(listener: PostgresListener, core: ListenerCore) {
            self.listener = listener
            self.core = core
        }

        /// The next event.
        public mutating func next() async -> Event? {
            await core.events.next()
        }

        /// The next event, on the caller's actor.
        public mutating func next(isolation actor: isolated (any Actor)?) async throws(Never) -> Event? {
            await core.events.next()
        }
    }
}

/// The messages of some topics, in batches of what has arrived since the last one.
///
/// Several tasks may iterate one consumer and share the messages. It ends when the client closes, when ``cancel()`` is
/// called, and when the last reference to it is gone; a cancelled task only stops its own iteration.
public final class BusConsumer: AsyncSequence, Sendable {
    /// A batch, never empty, in the order of arrival.
    public typealias Element = [BusMessage]
    /// Consuming does not fail: a lost broker is reconnected to behind the scenes.
    public typealias Failure = Never

    /// Takes batches from a consumer.
    public struct Iterator: AsyncIteratorProtocol {
        let consumer: BusConsumer

        /// Waits for messages; `nil` when the consumer has ended or the task is cancelled.
        public mutating func next() async -> [BusMessage]? {
            await consumer.channel.next()
        }

        /// Waits for messages; `nil` when the consumer has ended or the task is cancelled.
        public mutating func next(isolation actor: isolated (any Actor)?) async -> [BusMessage]? {
            await consumer.channel.next()
        }
    }

    let channel: ConsumerChannel
    private let mailbox: ClientMailbox

    init(channel: ConsumerChannel, mailbox: ClientMailbox) {
        self.channel = channel
        self.mailbox = mailbox
    }

    deinit {
        cancel()
    }

    /// An iterator; all of them share the messages.
    public func makeAsyncIterator() -> Iterator {
        Iterator(consumer: self)
    }

    /// Takes no more messages. Those that arrived and were not taken are let go: hints are lost, commands answered
    /// `unanswered`.
    public func cancel() {
        channel.end()
        // A closed client has no subscriptions left.
        _ = mailbox.submit(.removeConsumer(channel.id))
    }
}

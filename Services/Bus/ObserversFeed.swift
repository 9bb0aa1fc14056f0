import Messaging

/// The XPUB socket that observers of the bus subscribe to.
final class ObserversFeed {
    let socket: SocketHandle
    private var subscriptions = 0

    init(options: SocketOptions, in context: ZeroMQContext) throws(MessagingError) {
        socket = try SocketHandle.open(.xpub, options: options, in: context)
    }

    /// Whether anybody observes anything. Which topics go to whom is libzmq's affair.
    var isObserved: Bool { subscriptions > 0 }

    /// Takes the news of who observes what.
    func followSubscriptions(with frame: borrowing FrameBuffer) {
        while socket.receive(into: frame) == .done {
            // The first byte says subscribe or unsubscribe, each told once per prefix and not once per observer.
            switch frame.bytes.first {
            case 1: subscriptions += 1
            case 0: subscriptions = max(0, subscriptions - 1)
            default: break
            }
            socket.discardRest(after: frame)
        }
    }

    func publish(topic: [UInt8], batch: UnsafeRawBufferPointer) {
        guard socket.send(topic, more: true) == .done else { return }
        // XPUB never blocks: what an observer's queue does not take is dropped for it, and the sequence shows the gap.
        _ = socket.send(batch)
    }
}

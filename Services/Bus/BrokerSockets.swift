import Messaging

/// The broker's sockets, bound and ready, and the one way the router sends.
///
/// Not sendable: bound by ``BusBroker`` and then used by the broker's loop only.
final class BrokerSockets: PeerWire {
    /// The endpoints bound, with the ports that the system chose.
    let endpoint: Endpoint
    let eventsEndpoint: Endpoint?
    let router: SocketHandle
    let monitor: SocketMonitor
    let feed: ObserversFeed?
    let authenticator: KeyAuthenticator?

    /// - Parameter authenticates: whether the ZAP handler runs; tests show that nobody gets in without it.
    init(configuration: BusBrokerConfiguration, authenticates: Bool = true) throws(MessagingError) {
        let context = try ZeroMQContext()
        let security = configuration.security
        // Before anything is bound: libzmq asks the handler about the very first client.
        if let curve = configuration.curve, authenticates {
            authenticator = try KeyAuthenticator(authorized: curve.authorized, in: context)
        } else {
            authenticator = nil
        }
        router = try SocketHandle.open(.router, options: configuration.socketOptions, in: context)
        monitor = try SocketMonitor(of: router, name: "router", in: context)
        endpoint = try router.bind(Endpoint(parsing: configuration.endpoint), security: security)
        if let text = configuration.eventsEndpoint {
            let feed = try ObserversFeed(options: configuration.socketOptions, in: context)
            eventsEndpoint = try feed.socket.bind(Endpoint(parsing: text), security: security)
            self.feed = feed
        } else {
            feed = nil
            eventsEndpoint = nil
        }
    }

    var isObserved: Bool { feed?.isObserved ?? false }

    /// Adds what the broker's loop waits for.
    func add(to poll: inout PollSet) {
        poll.add(router)
        poll.add(monitor.socket)
        if let feed { poll.add(feed.socket) }
        if let authenticator { poll.add(authenticator.socket) }
    }

    func send(_ batch: UnsafeRawBufferPointer, to routingID: UInt32) -> TransferOutcome {
        let address = RoutingID(number: routingID)
        let outcome = address.withBytes { router.send($0, more: true) }
        guard outcome == .done else { return outcome }
        return router.send(batch)
    }

    /// Answers a client whose routing id is not the broker's own choice, which the router does not know.
    func send(_ batch: UnsafeRawBufferPointer, toForeign routingID: [UInt8]) {
        guard router.send(routingID, more: true) == .done else { return }
        // Whether it hears the answer is its own affair.
        _ = router.send(batch)
    }

    func publish(topic: [UInt8], batch: UnsafeRawBufferPointer) {
        feed?.publish(topic: topic, batch: batch)
    }
}

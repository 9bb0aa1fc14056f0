import Messaging

/// The way out of the router: sockets in the broker, arrays in tests.
protocol PeerWire {
    /// Whether anybody looks at the observers' feed.
    var isObserved: Bool { get }

    /// Sends a batch to a client without waiting.
    func send(_ batch: UnsafeRawBufferPointer, to routingID: UInt32) -> TransferOutcome

    /// Gives a copy of a message to the observers' feed.
    func publish(topic: [UInt8], batch: UnsafeRawBufferPointer)
}

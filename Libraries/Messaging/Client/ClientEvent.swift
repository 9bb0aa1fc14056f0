/// What tasks ask of the loop.
enum ClientEvent: Sendable {
    case request(PendingRequest)
    case cancelRequest(UInt64)
    case addConsumer(ConsumerChannel)
    case removeConsumer(UInt32)
    case answer(commandID: UInt64, link: Int, BusReply)
    case observe(Observation)
    case report(topic: String, key: String, body: [UInt8])
    case endObservation(UInt64)
    case close(CheckedContinuation<Void, Never>?)
}

/// A command, or a ping, that waits for its answer.
struct PendingRequest: Sendable {
    enum Content: Sendable {
        case ping
        case command(topic: String, key: String, body: [UInt8])
    }

    let id: UInt64
    let content: Content
    let timeout: Duration
    let deadline: SuspendingClock.Instant
    let continuation: CheckedContinuation<Result<BusReply, MessagingError>, Never>
    /// The link it went out on; `nil` while it waits for a broker.
    var link: Int?
}

/// Somebody who looks at the observers' feed.
struct Observation: Sendable {
    let id: UInt64
    let topicPrefixes: [String]
    let continuation: AsyncStream<ObservedMessage>.Continuation
}

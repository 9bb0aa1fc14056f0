/// One observation: its own SUB socket, and what it has seen of each topic.
final class ObservationFeed {
    /// Topics whose gaps are counted; beyond them gaps go unseen.
    private static let topicsMax = 4_096

    let observation: Observation
    let socket: SocketHandle
    private let bodyBytesMax: Int
    private let topicFrame = FrameBuffer()
    private let frame = FrameBuffer()
    private var lastSequence: [String: UInt64] = [:]

    init(
        _ observation: Observation, endpoint: Endpoint, configuration: BusConfiguration, context: ZeroMQContext
    ) throws(MessagingError) {
        self.observation = observation
        bodyBytesMax = configuration.bodyBytesMax
        socket = try SocketHandle.open(.sub, options: configuration.socketOptions, in: context)
        for prefix in observation.topicPrefixes { try socket.subscribe(prefix: prefix) }
        try socket.connect(endpoint, security: configuration.security)
    }

    /// Hands over what has arrived. Returns how many the observer was too slow for, and how many could not be read.
    func receive() -> (dropped: Int, malformed: Int) {
        var dropped = 0
        var malformed = 0
        for _ in 0..<BusLimits.receivesPerTurn {
            guard socket.receive(into: topicFrame) == .done else { break }
            guard topicFrame.hasMore, socket.receive(into: frame) == .done else {
                malformed += 1
                continue
            }
            guard !frame.hasMore, let message = read() else {
                socket.discardRest(after: frame)
                malformed += 1
                continue
            }
            if case .dropped = observation.continuation.yield(message.observed) {
                dropped += 1
            } else {
                remember(message.sequence, of: message.observed.topic)
            }
        }
        return (dropped, malformed)
    }

    private func read() -> (observed: ObservedMessage, sequence: UInt64)? {
        guard var reader = try? BatchReader(frame.bytes, bodyBytesMax: bodyBytesMax),
            let record = try? reader.next(), [.hint, .command, .report].contains(record.kind)
        else { return nil }
        let topic = String(decoding: topicFrame.bytes, as: UTF8.self)
        // A sequence that runs backwards belongs to a broker that was restarted.
        let missed = lastSequence[topic].map { record.id > $0 ? record.id - $0 - 1 : 0 } ?? 0
        let observed = ObservedMessage(
            topic: topic, key: String(decoding: record.key, as: UTF8.self), body: [UInt8](record.body),
            isCommand: record.kind == .command, missedCount: Int(clamping: missed))
        return (observed, record.id)
    }

    private func remember(_ sequence: UInt64, of topic: String) {
        guard lastSequence[topic] != nil || lastSequence.count < Self.topicsMax else { return }
        lastSequence[topic] = sequence
    }
}

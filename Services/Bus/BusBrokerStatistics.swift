/// What a broker has done since it started, and what waits now.
public struct BusBrokerStatistics: Sendable, Equatable {
    /// Hints and commands received.
    public var received = 0
    /// Hints and commands handed to consumers.
    public var delivered = 0
    /// Hints that took the place of a waiting one with the same topic and key.
    public var merged = 0
    /// Hints dropped at a bound.
    public var dropped = 0
    /// Commands answered `overloaded`.
    public var overloaded = 0
    /// Commands answered `noConsumer`.
    public var withoutConsumer = 0
    /// Commands answered `consumerLost`.
    public var consumerLost = 0
    /// Commands whose time ran out here.
    public var timedOut = 0
    /// Answers to commands passed on to their requesters.
    public var answered = 0
    /// Answers that came too late, or for requesters that were gone or took nothing more.
    public var answersDropped = 0
    /// Frames and records that could not be read or were not allowed.
    public var malformed = 0
    /// Clients forgotten because they were silent for three heartbeats.
    public var silenced = 0
    /// Connections that failed in the handshake: garbage, another protocol, another mechanism, an unknown key.
    public var handshakesFailed = 0
    /// Keys that the authenticator refused.
    public var keysRefused = 0
    /// Copies of messages given to the observers' feed.
    public var observed = 0

    /// Clients known now.
    public var peers = 0
    /// Consumers known now.
    public var consumers = 0
    /// The credit of all consumers.
    public var credit = 0
    /// Commands that wait for a consumer or its answer.
    public var commands = 0
    /// Hints and commands that wait for a consumer, by topic; topics where none waits are left out.
    public var waiting: [String: Int] = [:]
}

/// What has become of the messages of a topic since a broker's start.
public struct BusTopicStatistics: Sendable, Equatable {
    /// Received.
    public var received = 0
    /// Handed to consumers; those that turned out to be gone among them.
    public var delivered = 0
    /// Hints that took the place of a waiting one with the same key.
    public var merged = 0
    /// Hints dropped at a bound.
    public var dropped = 0
    /// Commands that no consumer has answered: too many waited, nobody was there, or the time ran out.
    public var refused = 0

    /// Of a topic that nothing was said about.
    public init() {}
}

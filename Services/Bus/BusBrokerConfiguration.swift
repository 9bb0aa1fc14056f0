import Messaging

/// Where a broker listens and every bound it keeps.
public struct BusBrokerConfiguration: Sendable {
    /// Where services connect; `tcp://127.0.0.1:*` lets the system choose the port.
    public var endpoint: String
    /// Where observers connect; without it there is no feed.
    public var eventsEndpoint: String?
    /// The broker's keys and the clients it lets in. Without them only a local endpoint can be bound.
    public var curve: CurveServerKeys?
    /// Hints, and apart from them commands, that wait for a consumer, per topic. Beyond them the oldest hint is dropped and
    /// counted, and a command is answered `overloaded`.
    public var queueMessagesMax: Int
    /// Bytes that wait for consumers in all; beyond them hints are dropped and commands answered `overloaded`.
    public var queueBytesMax = 256 << 20
    /// Commands that wait for a consumer or its answer in all.
    public var commandsMax = 10_000
    /// The longest time-out a requester gets; a longer one is shortened to it.
    public var commandTimeoutMax: Duration = .seconds(600)
    /// Topics that have consumers or waiting messages; messages of further ones are dropped, commands `overloaded`.
    public var topicsMax = 1_000
    /// Clients known at a time; further ones are refused until one leaves.
    public var peersMax = 1_000
    /// Consumers of one client.
    public var consumersPerPeerMax = 64
    /// Topics of one consumer.
    public var topicsPerConsumerMax = 256
    /// The greatest credit of a consumer; more is not taken into account.
    public var creditMax = 100_000
    /// The largest body; a client that sends a larger frame is disconnected. Clients must be configured alike.
    public var bodyBytesMax = BusLimits.bodyBytesMax
    /// How often a client has to show that it lives; after three times that it is forgotten.
    public var heartbeat: Duration
    /// How long a security handshake may take.
    public var handshakeTimeout: Duration = .seconds(5)
    /// Topics whose messages are counted by name.
    public var countedTopics: [String] = []
    /// What the broker tells observers of itself; nil for nothing.
    public var report: BusReport?
    /// How long closing may wait for messages on their way to clients.
    public var linger: Duration = .milliseconds(500)

    /// A configuration with the documented defaults.
    public init(
        endpoint: String, eventsEndpoint: String? = nil, curve: CurveServerKeys? = nil,
        queueMessagesMax: Int = 10_000, heartbeat: Duration = .seconds(2)
    ) {
        self.endpoint = endpoint
        self.eventsEndpoint = eventsEndpoint
        self.curve = curve
        self.queueMessagesMax = queueMessagesMax
        self.heartbeat = heartbeat
    }

    var security: SocketOptions.Security {
        curve.map { .curveServer($0.keys) } ?? .none
    }

    var socketOptions: SocketOptions {
        var options = SocketOptions()
        options.frameBytesMax = BusLimits.frameBytesMax(bodyBytesMax: bodyBytesMax)
        options.heartbeat = heartbeat
        options.handshakeTimeout = handshakeTimeout
        options.linger = linger
        options.security = security
        return options
    }
}

/// What a broker tells observers of itself, again and again.
public struct BusReport: Sendable {
    let topic: String
    let key: String
    let interval: Duration
    let body: @Sendable () -> [UInt8]

    /// A report; the body is asked for only while somebody observes.
    ///
    /// - Parameter interval: rounded up to the broker's tick of at most half a second.
    public init(topic: String, key: String, interval: Duration, body: @escaping @Sendable () -> [UInt8]) {
        self.topic = topic
        self.key = key
        self.interval = interval
        self.body = body
    }
}

/// How a client reaches the bus, with every bound it keeps.
public struct BusConfiguration: Sendable {
    /// The brokers' endpoints. Hints and commands go to one that is alive; messages are consumed from all.
    public var endpoints: [String]
    /// Where the observers' feed is, if the client wants to observe.
    public var eventsEndpoint: String?
    /// The client's keys and the broker's; without them only local endpoints are accepted.
    public var curve: CurveClientKeys?
    /// The client's name in logs.
    public var name: String
    /// Hints that wait for a broker; beyond them the oldest is dropped and counted.
    public var outboxMessagesMax = 10_000
    /// Bytes of hints that wait for a broker; beyond them the oldest is dropped and counted.
    public var outboxBytesMax = 64 << 20
    /// The greatest credit of a consumer, and so the most messages that wait inside the client for it; also the most
    /// messages of an observation that wait.
    public var inboxMessagesMax = 10_000
    /// Commands that wait for their answer; beyond them `request` throws `overloaded`.
    public var requestsMax = 10_000
    /// The largest body; a larger one is refused before it is sent. The broker must be configured alike.
    public var bodyBytesMax = BusLimits.bodyBytesMax
    /// How often the client shows a broker that it lives, unless the broker asks for more. After three without a sign
    /// of the broker it goes to another.
    public var heartbeat: Duration = .seconds(2)
    /// The first pause between attempts to connect; it doubles up to ``reconnectLongest``.
    public var reconnectFirst: Duration = .milliseconds(50)
    /// The longest pause between attempts to connect.
    public var reconnectLongest: Duration = .seconds(2)
    /// How long a security handshake may take.
    public var handshakeTimeout: Duration = .seconds(5)
    /// How long ``BusClient/close()`` may take to send what waits.
    public var closeTimeout: Duration = .seconds(1)

    /// A configuration with the documented defaults.
    public init(
        endpoints: [String], eventsEndpoint: String? = nil, curve: CurveClientKeys? = nil, name: String = "client"
    ) {
        self.endpoints = endpoints
        self.eventsEndpoint = eventsEndpoint
        self.curve = curve
        self.name = name
    }

    var security: SocketOptions.Security {
        curve.map { .curveClient($0) } ?? .none
    }

    var socketOptions: SocketOptions {
        var options = SocketOptions()
        options.frameBytesMax = BusLimits.frameBytesMax(bodyBytesMax: bodyBytesMax)
        options.heartbeat = heartbeat
        options.handshakeTimeout = handshakeTimeout
        options.reconnect = (reconnectFirst, reconnectLongest)
        options.security = security
        return options
    }
}

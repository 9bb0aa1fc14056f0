/// One HTTP exchange to be made by an ``OutboundClient``: what is asked, and how much time and memory it may take.
///
/// The URL is sent as it stands: nothing is encoded or normalized here, so that what a template rendered is what the
/// server sees. `Content-Length`, `Transfer-Encoding`, `Connection` and their like are the client's to set; a request
/// that carries one of them is refused with ``OutboundError/Code/invalidHeader``.
public struct OutboundRequest: Sendable {
    /// The method, as sent: an HTTP token such as `GET` or `POST`. `CONNECT` and `TRACE` are refused.
    public var method: String

    /// An absolute `http` or `https` URL in ASCII (the host may be an international name), at most 16 KiB, without user
    /// information and without a zone id.
    public var url: String

    /// The header fields, in the order in which they are sent. Values may not hold CR, LF, NUL or other control
    /// characters.
    public var headers: [(name: String, value: String)]

    /// The body, sent with its `Content-Length`; `nil` for none. `POST`, `PUT` and `PATCH` without one say
    /// `Content-Length: 0`. No `Content-Type` is added: set the one that is true.
    public var body: [UInt8]?

    /// The time for the whole exchange from ``OutboundClient/send(_:)`` to the last byte, waiting for a free connection
    /// included.
    public var timeout: Duration

    /// The time for resolving the name, connecting and the TLS handshake together.
    public var connectTimeout: Duration

    /// The most bytes of body to accept, counted after decompression. The client's own bound applies if it is lower.
    public var responseBytesMax: Int

    /// Whether the request must not go out twice: it gets a connection of its own, since one that was kept may turn out to be dead, and libcurl then
    /// sends again whatever it was.
    public var isSentOnce = false

    /// Makes a request.
    ///
    /// - Parameters:
    ///   - method: The HTTP method, `GET` unless said otherwise.
    ///   - url: An absolute `http` or `https` URL.
    ///   - headers: The header fields, in order.
    ///   - body: The body, or `nil` for none.
    ///   - timeout: The time for the whole exchange, 30 seconds unless said otherwise.
    ///   - connectTimeout: The time until the connection stands, 10 seconds unless said otherwise.
    ///   - responseBytesMax: The most bytes of body to accept; unless said otherwise the client's bound alone decides.
    public init(
        method: String = "GET",
        url: String,
        headers: [(name: String, value: String)] = [],
        body: [UInt8]? = nil,
        timeout: Duration = .seconds(30),
        connectTimeout: Duration = .seconds(10),
        responseBytesMax: Int = .max
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.timeout = timeout
        self.connectTimeout = connectTimeout
        self.responseBytesMax = responseBytesMax
    }
}

/// Why an exchange has no answer.
///
/// The message names the host, what happened and the limit that was hit. It never holds the path, the query, a
/// header's value or a body, because those may carry secrets.
public struct OutboundError: Error, Sendable, CustomStringConvertible {
    /// What kind of failure it is. The set is open: later versions may know more.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        /// The code's name, fit for logs, metrics and columns: lower snake case.
        public let description: String

        /// The exchange, or connecting, took longer than allowed.
        public static let timeout = Code(description: "timeout")
        /// No address of the host accepted a connection.
        public static let connect = Code(description: "connect")
        /// The host's name has no address, or the name service did not answer.
        public static let nameResolution = Code(description: "name_resolution")
        /// The TLS handshake failed, or the certificate is not valid for the host.
        public static let tls = Code(description: "tls")
        /// Every address of the host is one that the guard refuses (private, loopback, metadata and so on).
        public static let addressRefused = Code(description: "address_refused")
        /// A body is larger than its bound: the answer's after decompression, or the request's.
        public static let bodyTooLarge = Code(description: "body_too_large")
        /// The answer's header is larger than its bound, in bytes or fields.
        public static let headersTooLarge = Code(description: "headers_too_large")
        /// The URL cannot be used: malformed, another scheme, user information, a zone id.
        public static let invalidURL = Code(description: "invalid_url")
        /// A header field of the request cannot be sent.
        public static let invalidHeader = Code(description: "invalid_header")
        /// The method is not an HTTP token, or one that the client does not offer.
        public static let invalidMethod = Code(description: "invalid_method")
        /// The connection broke, or what came is not a whole HTTP answer.
        public static let network = Code(description: "network")
        /// The task was cancelled.
        public static let cancelled = Code(description: "cancelled")
        /// The client was closed before the exchange ended.
        public static let closed = Code(description: "closed")
        /// The client's queue, its memory for answers or the system's table of open files is full.
        public static let overloaded = Code(description: "overloaded")
        /// The client's configuration cannot be used; thrown by its initializer only.
        public static let invalidConfiguration = Code(description: "invalid_configuration")
    }

    /// What kind of failure it is.
    public let code: Code

    /// The host, what happened, and the limit if one was hit. Holds no secret.
    public let message: String

    /// Whether the same request may succeed later without anything being changed.
    public let isRetryable: Bool

    /// Whether a connection stood, so that the server may have seen the request. `false` means that it certainly has
    /// not.
    public let mayHaveBeenSent: Bool

    /// The time from ``OutboundClient/send(_:)`` until the failure.
    public let duration: Duration

    /// Makes an error.
    ///
    /// - Parameters:
    ///   - code: What kind of failure it is.
    ///   - message: The host, what happened, the limit; without secrets.
    ///   - isRetryable: Whether a repeat may succeed; follows from the code unless said otherwise.
    ///   - mayHaveBeenSent: Whether the server may have seen the request.
    ///   - duration: How long the exchange took until it failed.
    public init(
        code: Code,
        message: String,
        isRetryable: Bool? = nil,
        mayHaveBeenSent: Bool = false,
        duration: Duration = .zero
    ) {
        self.code = code
        self.message = message
        self.isRetryable = isRetryable ?? code.isUsuallyRetryable
        self.mayHaveBeenSent = mayHaveBeenSent
        self.duration = duration
    }

    /// The code and the message.
    public var description: String {
        "\(code): \(message)"
    }
}

extension OutboundError.Code {
    /// Conditions of the moment are worth a repeat; what the request or the answer itself is wrong with is not.
    fileprivate var isUsuallyRetryable: Bool {
        switch self {
        case .timeout, .connect, .nameResolution, .network, .closed, .overloaded: true
        default: false
        }
    }
}

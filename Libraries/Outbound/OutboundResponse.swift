/// A complete answer: its status line, header fields and body arrived whole and within the bounds.
///
/// Every status is an answer, also 3xx (redirects are returned, never followed), 4xx and 5xx.
public struct OutboundResponse: Sendable {
    /// The status code, such as 200.
    public var status: Int

    /// The body after decompression (`gzip` and `deflate`).
    public var body: [UInt8]

    /// The time from ``OutboundClient/send(_:)`` until the last byte, waiting for a free connection included.
    public var duration: Duration

    /// Bytes of body as they came over the network, before decompression.
    public var bytesReceived: Int

    /// The numeric address that answered, or `nil` when it is not known.
    public var remoteAddress: String?

    let headerBlock: HeaderBlock

    /// Makes a response, for tests of code that consumes one.
    ///
    /// - Parameters:
    ///   - status: The status code.
    ///   - headers: The header fields, in order.
    ///   - body: The body.
    ///   - duration: How long the exchange took.
    ///   - bytesReceived: Bytes received; those of the body unless said otherwise.
    ///   - remoteAddress: The address that answered.
    public init(
        status: Int,
        headers: [(name: String, value: String)] = [],
        body: [UInt8] = [],
        duration: Duration = .zero,
        bytesReceived: Int? = nil,
        remoteAddress: String? = nil
    ) {
        self.init(
            status: status,
            headerBlock: HeaderBlock(fields: headers),
            body: body,
            duration: duration,
            bytesReceived: bytesReceived ?? body.count,
            remoteAddress: remoteAddress
        )
    }

    init(
        status: Int,
        headerBlock: HeaderBlock,
        body: [UInt8],
        duration: Duration,
        bytesReceived: Int,
        remoteAddress: String?
    ) {
        self.status = status
        self.headerBlock = headerBlock
        self.body = body
        self.duration = duration
        self.bytesReceived = bytesReceived
        self.remoteAddress = remoteAddress
    }

    /// The header fields in the order in which they came; interim answers (1xx) and trailers are not among them.
    ///
    /// The list is made anew by each call; ``header(_:)`` finds one field without it.
    public var headers: [(name: String, value: String)] {
        headerBlock.fields
    }

    /// The value of the first header field of that name, in any case, or `nil`. Invalid UTF-8 is repaired with U+FFFD.
    ///
    /// - Parameter name: The field's name, such as `Retry-After`.
    /// - Returns: The value without the white space around it.
    public func header(_ name: String) -> String? {
        headerBlock.firstValue(of: name)
    }
}

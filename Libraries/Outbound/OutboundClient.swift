public import Logging
import Synchronization

/// An HTTP client for servers that are not trusted: third-party APIs and webhook endpoints.
///
/// Everything has a bound (time, header, body after decompression, connections, queue), and the address is checked at
/// the moment of connecting by an ``AddressGuard``. Only `http` and `https` are spoken, over HTTP/1.1 with kept
/// connections. Redirects are returned and never followed; no proxy, cookie, `.netrc` or other habit of the
/// environment is taken up.
///
/// One thread per client drives all transfers with libcurl's multi interface
/// (<https://curl.se/libcurl/c/libcurl-multi.html>); no caller's thread is ever blocked. Close a client when it is no
/// longer needed: a client that is merely dropped ends its thread too, but nothing waits for that.
public final class OutboundClient: Sendable {
    private let mailbox: Mailbox
    private let requestBytesMax: Int

    /// Starts a client and its thread.
    ///
    /// - Parameters:
    ///   - configuration: Bounds and habits.
    ///   - logger: Told about refused addresses (debug) and faults of the client itself (error), never about secrets.
    /// - Throws: ``OutboundError`` with code `invalidConfiguration`, or `network` when the system gives no thread or
    /// descriptor.
    public init(configuration: Configuration = Configuration(), logger: Logger) throws(OutboundError) {
        try configuration.validate()
        let mailbox = try Mailbox()
        let loop = try TransferLoop(configuration: configuration, mailbox: mailbox, logger: logger)
        try loop.startThread()
        self.mailbox = mailbox
        self.requestBytesMax = configuration.requestBytesMax
    }

    deinit {
        mailbox.post(.stop)
    }

    /// Makes one exchange. Cancelling the task aborts it.
    ///
    /// - Parameter request: What to ask.
    /// - Returns: The answer, whatever its status.
    /// - Throws: ``OutboundError`` when there is no whole answer within the bounds.
    public func send(_ request: OutboundRequest) async throws(OutboundError) -> OutboundResponse {
        try await call(request).response()
    }

    /// Prepares one exchange that somebody else than the task that makes it may abort.
    ///
    /// - Parameter request: What to ask.
    /// - Throws: ``OutboundError`` when it cannot be sent at all.
    public func call(_ request: OutboundRequest) throws(OutboundError) -> OutboundCall {
        try request.validate(requestBytesMax: requestBytesMax)
        return OutboundCall(
            exchange: Exchange(request: request, target: try RequestTarget(url: request.url)), mailbox: mailbox)
    }

    /// Ends the client: requests waiting and in progress fail with ``OutboundError/Code/closed``, and so does every
    /// later one.
    ///
    /// Returns when all connections are closed and the thread has ended. May be called more than once.
    public func close() async {
        await withUnsafeContinuation { continuation in
            mailbox.close(continuation)
        }
    }

    /// What the client has done and is doing, as of the last turn of its thread.
    public var statistics: OutboundStatistics {
        mailbox.statistics
    }
}

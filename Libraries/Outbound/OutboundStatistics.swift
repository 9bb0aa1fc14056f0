/// What a client has done and is doing. Totals count from its start.
public struct OutboundStatistics: Sendable, Equatable {
    /// Exchanges handed to libcurl.
    public var exchangesStarted = 0
    /// Exchanges that ended with an answer, whatever its status.
    public var exchangesSucceeded = 0
    /// Exchanges that ended with an error, those that never started included.
    public var exchangesFailed = 0
    /// Exchanges in progress.
    public var exchangesInFlight = 0
    /// Requests that wait for a free connection.
    public var requestsQueued = 0
    /// Connections opened.
    public var connectionsOpened = 0
    /// Connections open, in use or idle.
    public var connectionsOpen = 0
    /// Connections that the address guard refused to open.
    public var addressesRefused = 0
    /// Bytes of bodies received, before decompression.
    public var bytesReceived = 0

    /// Makes statistics of a client that has done nothing.
    public init() {}
}

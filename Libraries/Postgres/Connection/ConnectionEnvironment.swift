internal import Logging

/// What the connections of one pool share.
struct ConnectionEnvironment: Sendable {
    let parameters: ConnectionParameters
    let connectTimeout: Duration
    let silenceTimeout: Duration
    let statementTimeout: Duration
    let statementCacheMax: Int
    let backoffMin: Duration
    let backoffMax: Duration
    let onRefusedStatement: (@Sendable (PostgresError) -> Void)?
    let counters: PoolCounters
    let pulse: ServerPulse
    let logger: Logger

    init(_ configuration: PostgresPool.Configuration, counters: PoolCounters, logger: Logger) throws(PostgresError) {
        parameters = try ConnectionParameters(configuration)
        connectTimeout = configuration.connectTimeout
        silenceTimeout = configuration.silenceTimeout
        statementTimeout = configuration.statementTimeout
        statementCacheMax = configuration.statementCacheMax
        backoffMin = configuration.reconnectBackoffMin
        backoffMax = configuration.reconnectBackoffMax
        onRefusedStatement = configuration.onRefusedStatement
        self.counters = counters
        pulse = ServerPulse(parameters, timeout: connectTimeout)
        self.logger = logger
    }
}

/// Facts about a session that outlive a single call; handed to whoever leases it.
struct SessionFacts: Sendable {
    /// Counts the sessions of one connection thread, from 1.
    let epoch: Int
    /// As libpq gives it: 150020 for 15.20.
    let serverVersion: Int
    let cancelRequest: CancelRequest?
}

/// Whoever owns connection threads: the pool, or a listener. Called on the connection's thread.
protocol ConnectionDelegate: AnyObject, Sendable {
    /// A session is there and free. Gives the first work for it.
    func connectionReady(_ slot: Int, _ session: SessionFacts) -> Flight?
    /// The connection is free again. Gives the next work for it, which saves a change of threads.
    func connectionFinished(_ slot: Int) -> Flight?
    /// The session is gone; the thread goes on to make another one.
    func connectionLost(_ slot: Int, _ error: PostgresError)
    /// An attempt to connect failed; the thread pauses and tries again.
    func connectionFailed(_ slot: Int, _ error: PostgresError)
    /// A flight that any session could do came too late for this one, and nothing of it was sent.
    func connectionReturned(_ slot: Int, _ flight: Flight)
    func connectionNotified(channel: String, payload: String)
    /// The thread ends.
    func connectionClosed(_ slot: Int)
}

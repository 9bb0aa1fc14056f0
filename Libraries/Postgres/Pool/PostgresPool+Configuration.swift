extension PostgresPool {
    /// How a pool connects and what bounds it keeps. Every bound has a default.
    public struct Configuration: Sendable {
        /// A libpq URI (`postgresql://user@host:5432/name?sslmode=require`) or keywords (`host=/run/x dbname=y`). May hold a password:
        /// it is never logged. TLS, certificates, several hosts and password files are libpq's: see
        /// https://www.postgresql.org/docs/15/libpq-connect.html#LIBPQ-PARAMKEYWORDS
        public var connectionString: String
        /// What `pg_stat_activity` calls the sessions, unless the connection string names them. Default: `weir`.
        public var applicationName = "weir"
        /// Connections at most; each is opened when it is first needed and owns one thread. Default: 8.
        public var maxConnections = 8
        /// How long a call waits for a free connection. Default: 10 seconds.
        public var acquireTimeout: Duration = .seconds(10)
        /// How long one attempt to connect may take. Looking a name up is not counted. Default: 5 seconds.
        public var connectTimeout: Duration = .seconds(5)
        /// After so long without a sign of the server while it owes an answer, it is asked over another connection whether it still
        /// answers; that may take ``connectTimeout``, and at least 2 seconds. If it does not, the session is lost. A statement that
        /// only takes long goes on. Default: 5 seconds.
        public var silenceTimeout: Duration = .seconds(5)
        /// The server cancels a statement that runs longer (`statement_timeout`). Zero switches it off. Default: 30 seconds.
        public var statementTimeout: Duration = .seconds(30)
        /// The server ends a session that idles inside a transaction (`idle_in_transaction_session_timeout`). Zero switches it off.
        /// Default: 60 seconds.
        public var idleInTransactionTimeout: Duration = .seconds(60)
        /// Calls that may wait for a connection at one time; one more throws ``PostgresError/Code/tooManyWaiters``. Default: 10,000.
        public var waitersMax = 10_000
        /// Prepared statements kept per connection; the least recently used go first. 0 prepares nothing, for a pooler between client
        /// and server that does not keep sessions. Default: 256.
        public var statementCacheMax = 256
        /// Pause after the first failed attempt to connect; doubles with every further one, with jitter. Default: 50 milliseconds.
        public var reconnectBackoffMin: Duration = .milliseconds(50)
        /// Longest pause between attempts to connect. Default: 2 seconds.
        public var reconnectBackoffMax: Duration = .seconds(2)
        /// Further settings of every session, such as `search_path`. Default: none.
        public var sessionSettings: [String: String] = [:]
        /// Told of every statement that the server refuses, besides the caller, who gets the same error. Called on the connection's
        /// thread, so it must return at once. Default: nobody is told.
        public var onRefusedStatement: (@Sendable (PostgresError) -> Void)?

        /// The defaults for a server.
        public init(connectionString: String) {
            self.connectionString = connectionString
        }
    }
}

extension PostgresPool.Configuration: CustomStringConvertible {
    /// The bounds, without the connection string: it may hold a password.
    public var description: String {
        "\(applicationName): \(maxConnections) connections, \(waitersMax) waiters, \(acquireTimeout) to acquire, "
            + "\(connectTimeout) to connect, \(statementTimeout) per statement, \(statementCacheMax) prepared statements"
    }
}

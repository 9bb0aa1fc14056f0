internal import CLibPQ

/// The keywords and values that libpq connects with: the connection string, and the session settings that this module adds.
struct ConnectionParameters: Sendable {
    private(set) var keywords: [String: String]

    /// Whether the connection string itself says how long a statement may take.
    let hasOwnStatementTimeout: Bool

    /// - Throws: ``PostgresError/Code/invalidParameter`` if the connection string cannot be parsed. The message does not quote it,
    ///   because it may hold a password.
    init(_ configuration: PostgresPool.Configuration) throws(PostgresError) {
        keywords = try Self.parse(configuration.connectionString)
        hasOwnStatementTimeout = keywords["options"]?.contains("statement_timeout") == true
        keywords["client_encoding"] = "UTF8"
        keywords["fallback_application_name"] = configuration.applicationName
        for (keyword, value) in Self.keepalives where keywords[keyword] == nil {
            keywords[keyword] = value
        }
        // As options of the start-up packet the settings cost no round trip. Those of the connection string come last and win.
        var settings = configuration.sessionSettings
        settings["statement_timeout"] = String(configuration.statementTimeout.milliseconds)
        settings["idle_in_transaction_session_timeout"] = String(configuration.idleInTransactionTimeout.milliseconds)
        let options = settings.sorted { $0.key < $1.key }.map { "-c \($0.key)=\(Self.escaped($0.value))" }
        keywords["options"] = (options + [keywords["options"]].compactMap(\.self)).joined(separator: " ")
    }

    /// A peer that vanished without a word is noticed within about a minute. https://www.postgresql.org/docs/15/libpq-connect.html
    private static let keepalives = [
        "keepalives_idle": "30", "keepalives_interval": "10", "keepalives_count": "3", "tcp_user_timeout": "60000",
    ]

    /// Spaces and backslashes inside an option's value are escaped by a backslash.
    private static func escaped(_ value: String) -> String {
        String(value.flatMap { $0 == " " || $0 == "\\" ? ["\\", $0] : [$0] })
    }

    /// The same, for the very server that a session is with: without a look-up of names, and without the others that there may be.
    func naming(_ server: ServerAddress) -> ConnectionParameters {
        var parameters = self
        parameters.keywords["host"] = server.host
        parameters.keywords["hostaddr"] = server.address
        parameters.keywords["port"] = server.port
        return parameters
    }

    /// Asks the server, over a connection of its own, for any answer, and waits for it. One that refuses answers, too, and so does one that
    /// cannot be asked: silence is what lasts until the time is over. Blocks.
    ///
    /// - Parameter timeout: whole seconds, of which libpq waits for two at least.
    func serverIsSilent(for timeout: Duration) -> Bool {
        let seconds = max(2, (timeout.milliseconds + 999) / 1000)
        var parameters = self
        parameters.keywords["connect_timeout"] = String(seconds)
        let start = ContinuousClock.now
        let answer = parameters.withKeywordsAndValues { PQpingParams($0, $1, 0) }
        // libpq counts in whole seconds of the clock, and may end up to one of them early.
        return answer == PQPING_NO_RESPONSE && start.duration(to: .now) >= .seconds(seconds - 1)
    }

    /// Lends the keywords and values as two arrays of C strings that end with NULL, which is how libpq takes them.
    func withKeywordsAndValues<Output>(
        _ body: ([UnsafePointer<CChar>?], [UnsafePointer<CChar>?]) -> Output
    ) -> Output {
        var names: [UnsafePointer<CChar>?] = []
        var values: [UnsafePointer<CChar>?] = []
        for (keyword, value) in keywords {
            names.append(UnsafePointer(keyword.copiedToHeap()))
            values.append(UnsafePointer(value.copiedToHeap()))
        }
        defer { (names + values).forEach { UnsafeMutablePointer(mutating: $0)?.deallocate() } }
        return body(names + [nil], values + [nil])
    }

    static func parse(_ connectionString: String) throws(PostgresError) -> [String: String] {
        guard let options = PQconninfoParse(connectionString, nil) else {
            throw PostgresError(
                .invalidParameter, "the connection string is neither a postgresql:// URI nor keyword=value pairs")
        }
        defer { PQconninfoFree(options) }
        var keywords: [String: String] = [:]
        var option = options
        while let keyword = option.pointee.keyword {
            if let value = option.pointee.val { keywords[String(cString: keyword)] = String(cString: value) }
            option += 1
        }
        return keywords
    }
}

/// Where a session's server is, as libpq takes it.
struct ServerAddress: Hashable, Sendable {
    /// A name, or the directory of a socket; nil if only the address is known.
    let host: String?
    /// nil for a socket in the file system.
    let address: String?
    let port: String
}

extension Duration {
    /// Whole milliseconds; 0 stays 0, which switches a time-out of the server off, and anything shorter counts as one.
    var milliseconds: Int64 {
        let (seconds, attoseconds) = components
        let whole = seconds * 1000 + attoseconds / 1_000_000_000_000_000
        return whole == 0 && self > .zero ? 1 : whole
    }
}

extension String {
    /// A NUL-terminated copy that the caller deallocates.
    fileprivate func copiedToHeap() -> UnsafeMutablePointer<CChar> {
        withCString { source in
            let count = utf8.count + 1
            let copy = UnsafeMutablePointer<CChar>.allocate(capacity: count)
            copy.initialize(from: source, count: count)
            return copy
        }
    }
}

/// What went wrong between a call and the server.
///
/// Values of parameters never appear in ``description``; ``detail`` and ``message`` of a server error can quote data and are kept apart
/// for code that may see it. SQLSTATE codes: https://www.postgresql.org/docs/15/errcodes-appendix.html
public struct PostgresError: Error, Sendable {
    /// The kind of failure. More may be added: a `switch` over it needs a default.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        private let name: StaticName

        private enum StaticName: String, Sendable {
            case connection, server, decoding, cancelled, poolClosed, acquireTimeout, tooManyWaiters, invalidParameter
            case leaseEnded, unsupported
        }

        /// The connection could not be made or broke. See ``PostgresError/isKnownNotApplied``.
        public static let connection = Code(name: .connection)
        /// The server refused the statement; ``PostgresError/sqlState`` says why.
        public static let server = Code(name: .server)
        /// A column does not have the form that the caller asked for.
        public static let decoding = Code(name: .decoding)
        /// The task was cancelled before its turn, or its statement was cancelled on an exclusive lease.
        public static let cancelled = Code(name: .cancelled)
        /// The pool or the listener was closed.
        public static let poolClosed = Code(name: .poolClosed)
        /// No connection became free within the configured time.
        public static let acquireTimeout = Code(name: .acquireTimeout)
        /// The queue for connections is at its configured bound.
        public static let tooManyWaiters = Code(name: .tooManyWaiters)
        /// A value or a setting cannot be sent; nothing was.
        public static let invalidParameter = Code(name: .invalidParameter)
        /// A connection or transaction was used after its scope had ended.
        public static let leaseEnded = Code(name: .leaseEnded)
        /// The call asks for something that this client does not do, such as COPY inside a script.
        public static let unsupported = Code(name: .unsupported)

        /// The code's name, fit for a metric's label.
        public var description: String { name.rawValue }
    }

    /// Everything that is known about the failure. A plain value so that it can be built piece by piece.
    struct Fields: Sendable {
        var code: Code
        var message: String
        var sqlState: String?
        var severity: String?
        var detail: String?
        var hint: String?
        var schema: String?
        var table: String?
        var column: String?
        var constraint: String?
        var statementName: String?
        var isKnownNotApplied: Bool
        /// The session's prepared statement was out of date; it has been forgotten.
        var isStaleStatement = false
    }

    /// On the heap, so that a typed throw moves one pointer.
    private final class Storage: Sendable {
        let fields: Fields
        init(_ fields: Fields) { self.fields = fields }
    }

    private let storage: Storage

    var fields: Fields { storage.fields }

    init(_ fields: Fields) {
        storage = Storage(fields)
    }

    init(_ code: Code, _ message: String, statementName: String? = nil, isKnownNotApplied: Bool = true) {
        self.init(
            Fields(
                code: code, message: message, statementName: statementName, isKnownNotApplied: isKnownNotApplied))
    }

    /// The same error with some fields changed.
    func with(_ change: (inout Fields) -> Void) -> PostgresError {
        var fields = fields
        change(&fields)
        return PostgresError(fields)
    }
}

extension PostgresError {
    /// The kind of failure.
    public var code: Code { fields.code }
    /// The server's five-character code, if the server answered.
    public var sqlState: String? { fields.sqlState }
    /// The primary message as it came. Data exceptions (SQLSTATE class 22) can quote a value; `description` hides it.
    public var message: String { fields.message }
    /// `ERROR`, `FATAL` or `PANIC`, if the server answered.
    public var severity: String? { fields.severity }
    /// The server's detail. It often quotes the row: never log it.
    public var detail: String? { fields.detail }
    /// The server's hint.
    public var hint: String? { fields.hint }
    /// The schema that the error names.
    public var schema: String? { fields.schema }
    /// The table that the error names.
    public var table: String? { fields.table }
    /// The column that the error names, or the one that could not be decoded.
    public var column: String? { fields.column }
    /// The constraint that was violated.
    public var constraint: String? { fields.constraint }
    /// Name of the statement that failed, when one did.
    public var statementName: String? { fields.statementName }

    /// True when the work is known to have had no effect: it was never sent, or the server undid it.
    ///
    /// False only for a connection that broke after the work was handed over: then it may or may not have committed.
    public var isKnownNotApplied: Bool { fields.isKnownNotApplied }

    /// True when the same work may succeed if it is tried again, and trying again cannot apply it twice.
    ///
    /// Serialization failures, deadlocks, locks not available, a server that restarts or is short of resources, a broken
    /// connection that had not been used, a prepared statement out of date, a pool without a free connection.
    public var isRetryable: Bool {
        guard isKnownNotApplied else { return false }
        switch code {
        case .connection, .acquireTimeout, .tooManyWaiters: return true
        case .server: return fields.isStaleStatement || sqlState.map(Self.isTransient) ?? false
        default: return false
        }
    }

    private static func isTransient(_ sqlState: String) -> Bool {
        switch sqlState {
        case "40001", "40P01", "55P03", "57P01", "57P02", "57P03": true
        default: sqlState.hasPrefix("53") || sqlState.hasPrefix("08")
        }
    }

    /// invalid_sql_statement_name: the prepared statement is not there (any more).
    static let unknownStatement = "26000"
    /// feature_not_supported: among others "cached plan must not change result type".
    static let featureNotSupported = "0A000"
    /// query_canceled: by a time-out or by a cancel request.
    static let queryCancelled = "57014"
    /// in_failed_sql_transaction.
    static let failedTransaction = "25P02"
}

internal import CLibPQ
internal import Logging

/// Owns one `PGconn`. Together with `ConnectionHandle+Send.swift` the only place that calls libpq's connection functions.
///
/// Not `Sendable`: libpq allows one thread at a time per connection, and this value never leaves the thread that made it.
struct ConnectionHandle: ~Copyable {
    let connection: OpaquePointer
    /// Receives the server's notices for as long as the connection lives.
    private let notices: NoticeLogger

    /// Begins to connect. Only the look-up of the host's name blocks.
    init(starting parameters: ConnectionParameters, logger: Logger) throws(PostgresError) {
        guard let connection = parameters.withKeywordsAndValues({ PQconnectStartParams($0, $1, 0) }) else {
            throw PostgresError(.connection, "out of memory for a connection")
        }
        self.connection = connection
        notices = NoticeLogger(logger)
        // The processor runs inside libpq calls on this thread; `notices` lives until after PQfinish.
        PQsetNoticeProcessor(
            connection,
            { context, message in
                guard let context, let message else { return }
                Unmanaged<NoticeLogger>.fromOpaque(context).takeUnretainedValue().log(String(cString: message))
            }, Unmanaged.passUnretained(notices).toOpaque())
    }

    deinit {
        PQfinish(connection)
    }

    /// What an attempt to connect waits for.
    enum ConnectProgress {
        case wantsRead, wantsWrite, connected, failed
    }

    func connectPoll() -> ConnectProgress {
        switch PQconnectPoll(connection) {
        case PGRES_POLLING_READING: .wantsRead
        case PGRES_POLLING_WRITING: .wantsWrite
        case PGRES_POLLING_OK: .connected
        default: .failed
        }
    }

    /// The socket; it may change while connecting, so it is asked for each time.
    var socket: Int32 { PQsocket(connection) }
    var isBroken: Bool { PQstatus(connection) == CONNECTION_BAD }
    var serverVersion: Int { Int(PQserverVersion(connection)) }
    var transactionStatus: PGTransactionStatusType { PQtransactionStatus(connection) }
    var isIdle: Bool { transactionStatus == PQTRANS_IDLE }

    /// The server that was reached, of those that the parameters name.
    var server: ServerAddress {
        func text(_ value: UnsafeMutablePointer<CChar>?) -> String? {
            value.map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
        }
        let (host, address) = (text(PQhost(connection)), text(PQhostaddr(connection)))
        return ServerAddress(
            host: host, address: host?.hasPrefix("/") == true ? nil : address, port: text(PQport(connection)) ?? "")
    }

    /// libpq's words on the connection, in one line. They name host, port, user and database, never the password.
    var errorMessage: String {
        let message = PQerrorMessage(connection).map { String(cString: $0) } ?? ""
        return message.split(whereSeparator: \.isNewline).joined(separator: " ")
    }

    func setNonblocking() -> Bool { PQsetnonblocking(connection, 1) == 0 }
    func enterPipelineMode() -> Bool { PQenterPipelineMode(connection) == 1 }
    func exitPipelineMode() -> Bool { PQexitPipelineMode(connection) == 1 }
    func makeCancelRequest() -> CancelRequest? { PQgetCancel(connection).map(CancelRequest.init) }

    enum FlushProgress {
        case done, wantsWrite, broken
    }

    func flush() -> FlushProgress {
        switch PQflush(connection) {
        case 0: .done
        case 1: .wantsWrite
        default: .broken
        }
    }

    /// Reads what has arrived; false if the connection is broken.
    func consumeInput() -> Bool { PQconsumeInput(connection) == 1 }
    /// Whether the next result is not complete yet.
    var isBusy: Bool { PQisBusy(connection) == 1 }
    func nextResult() -> OpaquePointer? { PQgetResult(connection) }

    func nextNotification() -> (channel: String, payload: String)? {
        guard let notification = PQnotifies(connection) else { return nil }
        defer { PQfreemem(notification) }
        return (String(cString: notification.pointee.relname), String(cString: notification.pointee.extra))
    }
}

/// Hands the server's notices to a logger.
private final class NoticeLogger {
    private let logger: Logger

    init(_ logger: Logger) { self.logger = logger }

    func log(_ message: String) {
        logger.debug(
            "Notice from Postgres.",
            metadata: ["notice": .string(message.trimmed)])
    }
}

extension String {
    /// Without the newline that libpq ends its messages with.
    fileprivate var trimmed: String {
        var text = Substring(self)
        while text.last?.isNewline == true { text.removeLast() }
        return String(text)
    }
}

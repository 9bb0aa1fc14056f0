internal import CLibPQ

extension PostgresError {
    /// The error in a result. The fields are the server's; libpq itself fills the message only.
    init(result: OpaquePointer, statementName: String?) {
        func field(_ code: weir_pq_field) -> String? {
            PQresultErrorField(result, Int32(code.rawValue)).map { String(cString: $0) }
        }
        let sqlState = field(WEIR_PQ_FIELD_SQLSTATE)
        let message =
            field(WEIR_PQ_FIELD_MESSAGE)
            ?? PQresultErrorMessage(result).map { String(cString: $0) } ?? "no message"
        self.init(
            Fields(
                // Without a SQLSTATE the words are libpq's: the connection is in trouble.
                code: sqlState == nil ? .connection : .server,
                message: message.split(whereSeparator: \.isNewline).joined(separator: " "),
                sqlState: sqlState,
                severity: field(WEIR_PQ_FIELD_SEVERITY),
                detail: field(WEIR_PQ_FIELD_DETAIL),
                hint: field(WEIR_PQ_FIELD_HINT),
                schema: field(WEIR_PQ_FIELD_SCHEMA),
                table: field(WEIR_PQ_FIELD_TABLE),
                column: field(WEIR_PQ_FIELD_COLUMN),
                constraint: field(WEIR_PQ_FIELD_CONSTRAINT),
                statementName: statementName,
                isKnownNotApplied: sqlState != nil
            ))
    }

    /// COMMIT was sent in a transaction that an earlier error had already doomed.
    static let failedTransactionCommitted = PostgresError(
        Fields(
            code: .server,
            message: "the transaction was rolled back at COMMIT because a statement in it had failed",
            sqlState: failedTransaction,
            statementName: "transaction.commit",
            isKnownNotApplied: true
        ))
}

/// One row of a result.
public struct Row: Sendable {
    let handle: ResultHandle
    let index: Int

    /// Decodes the whole row: as many types as the statement returns columns, in their order.
    ///
    /// ```swift
    /// for row in result {
    ///     let (id, name, attempt) = try row.decode((UUID, String, Int32?).self)
    /// }
    /// ```
    /// - Throws: ``PostgresError/Code/decoding``, naming the column, if a value or the number of columns does not fit.
    public func decode<each Column: PostgresDecodable>(
        _ types: (repeat each Column).Type
    ) throws(PostgresError) -> (repeat each Column) {
        var count = 0
        for _ in repeat (each Column).self { count += 1 }
        guard count == handle.columnCount else {
            throw PostgresError(
                .decoding, "columns of the row: \(handle.columnCount), types asked for: \(count)",
                statementName: handle.statementName)
        }
        var column = 0
        return (repeat try next((each Column).self, &column))
    }

    private func next<Value: PostgresDecodable>(
        _ type: Value.Type, _ column: inout Int
    ) throws(PostgresError) -> Value {
        defer { column += 1 }
        return try decodeChecked(type, at: column)
    }

    /// Decodes the value of the column at a position from 0.
    /// - Throws: ``PostgresError/Code/decoding`` if there is no such column or its value does not fit.
    public func decode<Value: PostgresDecodable>(_ type: Value.Type, at column: Int) throws(PostgresError) -> Value {
        guard (0..<handle.columnCount).contains(column) else {
            throw PostgresError(
                .decoding, "there is no column \(column) among \(handle.columnCount)",
                statementName: handle.statementName)
        }
        return try decodeChecked(type, at: column)
    }

    /// Decodes the value of the column with a name. Positions are faster: this searches.
    /// - Throws: ``PostgresError/Code/decoding`` if there is no such column or its value does not fit.
    public func decode<Value: PostgresDecodable>(
        _ type: Value.Type, named name: String
    ) throws(PostgresError) -> Value {
        guard let column = handle.columnIndex(named: name) else {
            throw PostgresError(
                .decoding, "there is no column of that name", statementName: handle.statementName
            ).with { $0.column = name }
        }
        return try decodeChecked(type, at: column)
    }

    /// Lends the bytes of a value without copying them; gives nil for NULL.
    ///
    /// The bytes are the server's binary form (for `jsonb` the first byte is a version) and are valid inside the closure only.
    /// Stops the program if there is no such column.
    public func withBytes<Output>(
        at column: Int, _ body: (UnsafeRawBufferPointer) throws -> Output
    ) rethrows -> Output? {
        precondition((0..<handle.columnCount).contains(column), "column \(column) of \(handle.columnCount)")
        guard let bytes = handle.cell(row: index, column: column).bytes else { return nil }
        defer { extendLifetime(handle) }
        return try body(bytes)
    }

    private func decodeChecked<Value: PostgresDecodable>(
        _ type: Value.Type, at column: Int
    ) throws(PostgresError) -> Value {
        defer { extendLifetime(handle) }
        let cell = handle.cell(row: index, column: column)
        do throws(PostgresDecodingFailure) {
            return try Value(decoding: cell)
        } catch {
            throw decodingError(error, type: Value.self, cell: cell, column: column)
        }
    }

    private func decodingError(
        _ failure: PostgresDecodingFailure, type: Any.Type, cell: PostgresCell, column: Int
    ) -> PostgresError {
        let reason =
            switch failure {
            case .unexpectedNull: "the value is NULL, \(type) is not optional"
            case .malformed(let reason): "the value cannot be read as \(type): \(reason)"
            case .typeMismatch(let expected):
                "\(type) reads \(expected); the column's type has the oid \(cell.type)"
                    + (cell.isBinary ? "" : " and a script's results come as text")
            }
        return PostgresError(.decoding, reason, statementName: handle.statementName)
            .with { $0.column = handle.columnName(column) }
    }
}

/// The rows that a statement returned, in the server's binary form.
///
/// Values are decoded when they are asked for, on the caller's side; the memory is libpq's and is freed with the last reference to the
/// result or one of its rows.
public struct QueryResult: Sendable, RandomAccessCollection {
    let handle: ResultHandle

    /// How many rows an INSERT, UPDATE, DELETE, MERGE, COPY or SELECT touched; 0 for other commands.
    public var affectedRows: Int { handle.affectedRows }

    /// The names of the columns, in order.
    public var columnNames: [String] { (0..<handle.columnCount).map(handle.columnName) }

    /// Always 0.
    public var startIndex: Int { 0 }
    /// The number of rows returned.
    public var endIndex: Int { handle.rowCount }

    /// The row at a position. Stops the program outside of the rows, as arrays do.
    public subscript(position: Int) -> Row {
        precondition(indices.contains(position), "row \(position) of \(count)")
        return Row(handle: handle, index: position)
    }
}

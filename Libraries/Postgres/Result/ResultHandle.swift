internal import CLibPQ

/// Owns one `PGresult` and frees it.
///
/// `@unchecked Sendable`: a result is complete when it gets here and nothing changes it afterwards; "PGresult objects are
/// read-only after creation, and so can be passed around freely between threads"
/// (https://www.postgresql.org/docs/15/libpq-threading.html). `PQclear` runs once, in `deinit`, when nobody else can read.
final class ResultHandle: @unchecked Sendable {
    private let result: OpaquePointer
    let statementName: String
    let rowCount: Int
    let columnCount: Int

    init(_ result: OpaquePointer, statementName: String) {
        self.result = result
        self.statementName = statementName
        rowCount = Int(PQntuples(result))
        columnCount = Int(PQnfields(result))
    }

    deinit {
        PQclear(result)
    }

    /// The value in a row and column that exist.
    @inline(__always)
    func cell(row: Int, column: Int) -> PostgresCell {
        let (row, column) = (Int32(truncatingIfNeeded: row), Int32(truncatingIfNeeded: column))
        var bytes: UnsafeRawBufferPointer?
        if PQgetisnull(result, row, column) == 0 {
            let length = Int(PQgetlength(result, row, column))
            bytes = UnsafeRawBufferPointer(start: PQgetvalue(result, row, column), count: length)
        }
        return PostgresCell(
            bytes: bytes, type: PQftype(result, column), isBinary: PQfformat(result, column) == 1)
    }

    func columnName(_ column: Int) -> String {
        PQfname(result, Int32(column)).map { String(cString: $0) } ?? ""
    }

    /// Position of a column; the server folded names that were not quoted to lower case.
    func columnIndex(named name: String) -> Int? {
        (0..<columnCount).first { columnName($0) == name }
    }

    /// The number in the command tag (`UPDATE 3`); 0 for commands without one.
    var affectedRows: Int {
        PQcmdTuples(result).flatMap { Int(String(cString: $0)) } ?? 0
    }

    /// The command tag, such as `COMMIT`.
    var commandTag: String {
        PQcmdStatus(result).map { String(cString: $0) } ?? ""
    }
}

extension Lease {
    nonisolated(nonsending) func script(_ sql: String) async throws(PostgresError) -> [QueryResult] {
        guard !sql.utf8.contains(0) else {
            throw PostgresError(.invalidParameter, "the script contains NUL (U+0000)", statementName: "script")
        }
        return try await fly(.script(sql)).get()
    }

    nonisolated(nonsending) func copyIn<each Value: PostgresEncodable, Rows: Sequence>(
        table: String, columns: [String], rows: Rows
    ) async throws(PostgresError) -> Int where Rows.Element == (repeat each Value) {
        var valueCount = 0
        for _ in repeat (each Value).self { valueCount += 1 }
        guard valueCount == columns.count else {
            throw PostgresError(
                .invalidParameter, "\(columns.count) columns, but rows of \(valueCount) values", statementName: "copy")
        }
        let target = table.split(separator: ".", omittingEmptySubsequences: false)
            .map { String($0).quotedIdentifier }.joined(separator: ".")
        let list = columns.map(\.quotedIdentifier).joined(separator: ", ")
        _ = try await fly(.copyBegin("COPY \(target) (\(list)) FROM STDIN (FORMAT binary)")).get()
        do throws(PostgresError) {
            try await sendRows(rows, columnCount: columns.count)
        } catch {
            // The server forgets what it has; its own words to that add nothing to the reason.
            _ = await fly(.copyEnd(abortingBecause: "the client gave up"), isCancellable: false)
            throw error
        }
        return try await fly(.copyEnd(abortingBecause: nil), isCancellable: false).get().first?.affectedRows ?? 0
    }

    private nonisolated(nonsending) func sendRows<each Value: PostgresEncodable, Rows: Sequence>(
        _ rows: Rows, columnCount: Int
    ) async throws(PostgresError) where Rows.Element == (repeat each Value) {
        var encoder = CopyEncoder()
        for row in rows {
            // Written out here: handing the row on as a tuple crashes the compiler (Swift 6.3.1, SILGen).
            encoder.beginRow(valueCount: columnCount)
            for value in repeat each row { try encoder.append(value) }
            if encoder.isChunkFull { _ = try await fly(.copyData(encoder.takeChunk())).get() }
        }
        encoder.finish()
        _ = try await fly(.copyData(encoder.takeChunk())).get()
    }
}

extension String {
    /// As an SQL identifier: in quotes, quotes inside doubled.
    var quotedIdentifier: String {
        "\"" + split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
    }
}

extension Lease {
    nonisolated(nonsending) func script(_ sql: String) async throws(PostgresError) -> [QueryResult] {
        guard !sql.utf8.contains(0) else {
            throw PostgresError(.invalidParameter, "the script contains NUL (U+0000)", statementName: "script")
        }
        return try await fly(.script(sql)).get()
    }

    /// Copies rows of several values.
    nonisolated(nonsending) func copyIn<each Value: PostgresEncodable, Rows: Sequence>(
        table: String, columns: [String], rows: Rows
    ) async throws(PostgresError) -> Int where Rows.Element == (repeat each Value) {
        var valueCount = 0
        for _ in repeat (each Value).self { valueCount += 1 }
        guard valueCount == columns.count else {
            throw PostgresError(
                .invalidParameter, "\(columns.count) columns, but rows of \(valueCount) values", statementName: "copy")
        }
        var iterator = rows.makeIterator()
        return try await copyIn(table: table, columns: columns) { encoder throws(PostgresError) in
            guard let row = iterator.next() else { return false }
            encoder.beginRow(valueCount: valueCount)
            // Written out here: handing the row on as a tuple crashes the compiler (Swift 6.3.1, SILGen).
            for value in repeat each row { try encoder.append(value) }
            return true
        }
    }

    /// Copies rows of one value.
    nonisolated(nonsending) func copyIn<Rows: Sequence>(
        table: String, column: String, values: Rows
    ) async throws(PostgresError) -> Int where Rows.Element: PostgresEncodable {
        var iterator = values.makeIterator()
        return try await copyIn(table: table, columns: [column]) { encoder throws(PostgresError) in
            guard let value = iterator.next() else { return false }
            encoder.beginRow(valueCount: 1)
            try encoder.append(value)
            return true
        }
    }

    /// - Parameter appendRow: adds the next row; false behind the last.
    private nonisolated(nonsending) func copyIn(
        table: String, columns: [String], appendRow: (inout CopyEncoder) throws(PostgresError) -> Bool
    ) async throws(PostgresError) -> Int {
        let target = table.split(separator: ".", omittingEmptySubsequences: false)
            .map { String($0).quotedIdentifier }.joined(separator: ".")
        let list = columns.map(\.quotedIdentifier).joined(separator: ", ")
        _ = try await fly(.copyBegin("COPY \(target) (\(list)) FROM STDIN (FORMAT binary)")).get()
        do throws(PostgresError) {
            var encoder = CopyEncoder()
            while try appendRow(&encoder) {
                if encoder.isChunkFull { _ = try await fly(.copyData(encoder.takeChunk())).get() }
            }
            encoder.finish()
            _ = try await fly(.copyData(encoder.takeChunk())).get()
        } catch {
            // The server forgets what it has; its own words to that add nothing to the reason.
            _ = await fly(.copyEnd(abortingBecause: "the client gave up"), isCancellable: false)
            throw error
        }
        return try await fly(.copyEnd(abortingBecause: nil), isCancellable: false).get().first?.affectedRows ?? 0
    }
}

extension String {
    /// As an SQL identifier: in quotes, quotes inside doubled.
    var quotedIdentifier: String {
        "\"" + split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
    }
}

/// Writes rows in the binary form of COPY (https://www.postgresql.org/docs/15/sql-copy.html, "Binary Format").
struct CopyEncoder {
    /// Rows are handed over when about this much has gathered.
    static let chunkBytes = 256 * 1024

    private static let signature: [UInt8] = Array("PGCOPY\n".utf8) + [0xFF, 0x0D, 0x0A, 0x00]

    private var encoder = PostgresEncoder()

    init() {
        Self.signature.withUnsafeBytes { encoder.write($0) }
        encoder.write(Int32(0))  // flags
        encoder.write(Int32(0))  // length of the header's extension
    }

    var isChunkFull: Bool { encoder.bytes.count >= Self.chunkBytes }

    /// Begins a row of some number of values.
    mutating func beginRow(valueCount: Int) {
        encoder.write(Int16(valueCount))
    }

    /// Adds one value of the row.
    /// - Throws: ``PostgresError/Code/invalidParameter`` if it cannot be encoded.
    mutating func append<Value: PostgresEncodable>(_ value: Value) throws(PostgresError) {
        encoder.appendWithLength(value)
        if let reason = encoder.refusal {
            throw PostgresError(.invalidParameter, "a value of the row \(reason)", statementName: "copy")
        }
    }

    /// Adds the mark behind the last row.
    mutating func finish() {
        encoder.write(Int16(-1))
    }

    /// Gives what has gathered.
    mutating func takeChunk() -> [UInt8] {
        defer { encoder.removeAll(keepingCapacity: true) }
        return encoder.bytes
    }
}

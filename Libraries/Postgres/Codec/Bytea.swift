/// Bytes for a column of type `bytea`.
public struct Bytea: Sendable, Hashable {
    /// The bytes, as stored.
    public var bytes: [UInt8]

    /// Wraps bytes.
    public init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }
}

extension Bytea: PostgresEncodable, PostgresDecodable {
    /// `bytea`.
    public static var postgresType: PostgresType { .bytea }

    /// The bytes as they are.
    public func encode(into encoder: inout PostgresEncoder) {
        bytes.withUnsafeBytes { encoder.write($0) }
    }

    /// Reads a `bytea`.
    public init(decoding cell: PostgresCell) throws(PostgresDecodingFailure) {
        self.init([UInt8](try cell.bytes(of: .bytea, named: "bytea")))
    }
}

/// JSON text for a column of type `jsonb`; also reads `json`.
///
/// The text is not parsed here. The server refuses what `jsonb` cannot hold: `\u0000`, lone surrogates, numbers outside `numeric`.
public struct JSONB: Sendable, Hashable {
    /// The JSON text in UTF-8.
    public var bytes: [UInt8]

    /// Wraps JSON text in UTF-8.
    public init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// Wraps JSON text.
    public init(_ text: String) {
        self.bytes = [UInt8](text.utf8)
    }

    /// The only version of `jsonb`'s binary form; it stands in front of the text.
    private static let version: UInt8 = 1

    /// The text behind the version byte.
    static func text(of bytes: UnsafeRawBufferPointer) throws(PostgresDecodingFailure) -> UnsafeRawBufferPointer {
        guard bytes.first == version else { throw .malformed("unknown version of jsonb") }
        return UnsafeRawBufferPointer(rebasing: bytes.dropFirst())
    }
}

extension JSONB: PostgresEncodable, PostgresDecodable {
    /// `jsonb`.
    public static var postgresType: PostgresType { .jsonb }

    /// The version byte and the text. A NUL byte is refused.
    public func encode(into encoder: inout PostgresEncoder) {
        encoder.write(Self.version)
        encoder.write(text: bytes)
    }

    /// Reads a `jsonb` or a `json`.
    public init(decoding cell: PostgresCell) throws(PostgresDecodingFailure) {
        let bytes = try cell.bytes(of: .jsonb, .json, named: "jsonb or json")
        self.init([UInt8](cell.type == PostgresType.jsonb.oid ? try Self.text(of: bytes) : bytes))
    }
}

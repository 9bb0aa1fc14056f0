extension String: PostgresEncodable, PostgresDecodable {
    /// `text`.
    public static var postgresType: PostgresType { .text }

    /// UTF-8. Text with NUL is refused.
    public func encode(into encoder: inout PostgresEncoder) { encoder.write(text: self) }

    /// Reads `text`, `varchar`, `char`, `name`, `json`, `jsonb` and SQL enums, and any type of a script's result.
    public init(decoding cell: PostgresCell) throws(PostgresDecodingFailure) {
        guard !cell.isBinary || Self.isText(cell.type) else {
            throw .typeMismatch(expected: "text or another type that travels as text")
        }
        guard var bytes = cell.bytes else { throw .unexpectedNull }
        if cell.isBinary, cell.type == PostgresType.jsonb.oid { bytes = try JSONB.text(of: bytes) }
        guard let text = String(validating: bytes, as: UTF8.self) else { throw .malformed("text is not UTF-8") }
        self = text
    }

    /// Types whose binary form is their text: https://www.postgresql.org/docs/15/datatype-oid.html names their catalogue.
    private static func isText(_ type: UInt32) -> Bool {
        switch type {
        case 18, 19, 25, 114, 142, 705, 1042, 1043, 2278, 3802: true  // "char", name, text, json, xml, …, void, jsonb
        default: type >= firstUserDefinedType  // SQL enums and extensions such as citext
        }
    }

    /// `FirstNormalObjectId`: below stand the types that the server was born with.
    private static let firstUserDefinedType: UInt32 = 16384
}

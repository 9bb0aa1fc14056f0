/// Arrays of one dimension, as `unnest($1::uuid[], $2::text[])` wants them for batches.
///
/// The binary form: number of dimensions, whether there are NULLs, the element's type; per dimension its length and lower bound;
/// per element its length (-1 for NULL) and bytes (`array_recv` in the server's `arrayfuncs.c`).
extension Array: PostgresEncodable where Element: PostgresEncodable {
    /// The array of the element's type.
    public static var postgresType: PostgresType { PostgresType(oid: Element.postgresType.arrayOID) }

    /// The elements in order. An array inside an array, or of a type without an array type, is refused.
    public func encode(into encoder: inout PostgresEncoder) {
        let element = Element.postgresType
        guard element.arrayOID != 0 else {
            return encoder.refuse("is an array of \(Element.self), which has no array type in Postgres")
        }
        encoder.write(Int32(isEmpty ? 0 : 1))
        let nullsPosition = encoder.bytes.count
        encoder.write(Int32(0))
        encoder.write(element.oid)
        guard !isEmpty else { return }
        guard let length = Int32(exactly: count) else { return encoder.refuse("is an array of \(count) elements") }
        encoder.write(length)
        encoder.write(Int32(1))
        var hasNulls = false
        for value in self where encoder.appendWithLength(value) < 0 {
            hasNulls = true
        }
        if hasNulls { encoder.overwrite(1, at: nullsPosition) }
    }
}

extension Array: PostgresDecodable where Element: PostgresDecodable {
    /// Reads an array of no or one dimension. NULL elements need an optional element type.
    public init(decoding cell: PostgresCell) throws(PostgresDecodingFailure) {
        guard cell.isBinary, !PostgresType.scalars.contains(cell.type) else {
            throw .typeMismatch(expected: "an array")
        }
        guard let bytes = cell.bytes else { throw .unexpectedNull }
        let dimensions = try bytes.integer(Int32.self, at: 0)
        let elementType = try bytes.integer(UInt32.self, at: 8)
        guard dimensions != 0 else {
            self = []
            return
        }
        guard dimensions == 1 else { throw .malformed("array of \(dimensions) dimensions") }
        let count = Int(try bytes.integer(Int32.self, at: 12))
        // Each element takes at least the four bytes of its length, so a wrong count cannot reserve much.
        guard count >= 0, count <= bytes.count / 4 else { throw .malformed("array of \(count) elements") }
        var offset = 20
        self = []
        reserveCapacity(count)
        for _ in 0..<count {
            let length = Int(try bytes.integer(Int32.self, at: offset))
            offset += 4
            guard length <= bytes.count - offset else { throw .malformed("array ends early") }
            let value = length < 0 ? nil : UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + length])
            append(try Element(decoding: PostgresCell(bytes: value, type: elementType, isBinary: true)))
            offset += Swift.max(length, 0)
        }
    }
}

extension PostgresType {
    /// Types that are no arrays. Only the elements' type stands in the value, so that a column is known not to be one by these.
    fileprivate static let scalars: Set<UInt32> = Set(
        [
            PostgresType.bool, .bytea, .int8, .int2, .int4, .text, .json, .float4, .float8, .timestamptz, .interval,
            .numeric, .uuid, .jsonb, .oid,
        ].map(\.oid))
}

/// A value that can be read from a column, from the server's binary form.
///
/// The types are those of ``PostgresEncodable``. Integers also read narrower columns, `Double` also reads `real`, and `String` reads
/// every type whose binary form is text, SQL enums included. A `RawRepresentable` type conforms by declaring it.
public protocol PostgresDecodable: Sendable {
    /// Reads the value. The cell's bytes are valid during the call only.
    init(decoding cell: PostgresCell) throws(PostgresDecodingFailure)
}

/// One value of a result as the server sent it.
public struct PostgresCell {
    /// The bytes, or nil for NULL. Valid only while ``PostgresDecodable/init(decoding:)`` runs.
    public let bytes: UnsafeRawBufferPointer?
    /// The type of the column (`pg_type.oid`); of the element inside an array.
    public let type: UInt32
    /// False for results of ``PostgresConnection/script(_:)``, which come as text.
    public let isBinary: Bool
}

/// Why a value could not be read; `Row` makes a ``PostgresError`` with the column's name of it.
public enum PostgresDecodingFailure: Error, Sendable, Hashable {
    /// The value is NULL and the Swift type is not optional.
    case unexpectedNull
    /// The column's type does not fit; `expected` names the types that would.
    case typeMismatch(expected: String)
    /// The bytes do not have the form of the type. The reason never holds the value.
    case malformed(String)
}

extension PostgresCell {
    /// The bytes of a value of one of the given types.
    @inlinable
    public func bytes(
        of types: PostgresType..., named expected: @autoclosure () -> String
    ) throws(PostgresDecodingFailure) -> UnsafeRawBufferPointer {
        guard isBinary, types.contains(where: { $0.oid == type }) else {
            throw .typeMismatch(expected: expected())
        }
        guard let bytes else { throw .unexpectedNull }
        return bytes
    }
}

extension RawRepresentable where Self: PostgresDecodable, RawValue: PostgresDecodable {
    /// Reads the raw value; a value that the type does not know is malformed.
    public init(decoding cell: PostgresCell) throws(PostgresDecodingFailure) {
        let raw = try RawValue(decoding: cell)
        guard let value = Self(rawValue: raw) else {
            throw .malformed("not a value of \(Self.self)")
        }
        self = value
    }
}

extension Optional: PostgresDecodable where Wrapped: PostgresDecodable {
    /// Reads the value, or nil for NULL.
    public init(decoding cell: PostgresCell) throws(PostgresDecodingFailure) {
        self = cell.bytes == nil ? nil : try Wrapped(decoding: cell)
    }
}

/// A value that can be sent as a parameter, in the server's binary form.
///
/// Conforming types of the module: `Bool`, `Int16`, `Int32`, `Int64`, `Int`, `Double`, `String`, ``Bytea``, `UUID`, `Date`,
/// `Duration`, ``PostgresDecimal``, ``JSONB``, arrays of these (also with optional elements), and optionals. A
/// `RawRepresentable` type conforms by declaring it: its raw value is sent.
public protocol PostgresEncodable: Sendable {
    /// The type that the statement is prepared with.
    static var postgresType: PostgresType { get }

    /// Writes the binary form of the value, or `writeNull()`, or `refuse(_:)` if there is none.
    func encode(into encoder: inout PostgresEncoder)
}

extension RawRepresentable where Self: PostgresEncodable, RawValue: PostgresEncodable {
    /// The type of the raw value.
    public static var postgresType: PostgresType { RawValue.postgresType }

    /// Sends the raw value.
    public func encode(into encoder: inout PostgresEncoder) {
        rawValue.encode(into: &encoder)
    }
}

extension Optional: PostgresEncodable where Wrapped: PostgresEncodable {
    /// The type of the value.
    public static var postgresType: PostgresType { Wrapped.postgresType }

    /// Sends the value, or NULL.
    public func encode(into encoder: inout PostgresEncoder) {
        switch self {
        case .some(let value): value.encode(into: &encoder)
        case .none: encoder.writeNull()
        }
    }
}

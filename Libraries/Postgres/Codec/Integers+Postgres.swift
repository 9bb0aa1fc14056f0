extension Bool: PostgresEncodable, PostgresDecodable {
    /// `boolean`.
    public static var postgresType: PostgresType { .bool }

    /// One byte, 0 or 1.
    public func encode(into encoder: inout PostgresEncoder) {
        encoder.write(UInt8(self ? 1 : 0))
    }

    /// Reads a `boolean`.
    public init(decoding cell: PostgresCell) throws(PostgresDecodingFailure) {
        let bytes = try cell.bytes(of: .bool, named: "boolean")
        guard bytes.count == 1 else { throw .malformed("boolean of length \(bytes.count)") }
        self = bytes[0] != 0
    }
}

extension Int16: PostgresEncodable, PostgresDecodable {
    /// `smallint`.
    public static var postgresType: PostgresType { .int2 }

    /// Two bytes.
    public func encode(into encoder: inout PostgresEncoder) { encoder.write(self) }

    /// Reads a `smallint`.
    public init(decoding cell: PostgresCell) throws(PostgresDecodingFailure) {
        self = try cell.bytes(of: .int2, named: "smallint").integer(Int16.self)
    }
}

extension Int32: PostgresEncodable, PostgresDecodable {
    /// `integer`.
    public static var postgresType: PostgresType { .int4 }

    /// Four bytes.
    public func encode(into encoder: inout PostgresEncoder) { encoder.write(self) }

    /// Reads an `integer` or a `smallint`.
    public init(decoding cell: PostgresCell) throws(PostgresDecodingFailure) {
        let bytes = try cell.bytes(of: .int4, .int2, named: "integer or smallint")
        self = cell.type == PostgresType.int2.oid ? Int32(try bytes.integer(Int16.self)) : try bytes.integer(Int32.self)
    }
}

extension Int64: PostgresEncodable, PostgresDecodable {
    /// `bigint`.
    public static var postgresType: PostgresType { .int8 }

    /// Eight bytes.
    public func encode(into encoder: inout PostgresEncoder) { encoder.write(self) }

    /// Reads a `bigint`, `integer`, `smallint` or `oid`.
    public init(decoding cell: PostgresCell) throws(PostgresDecodingFailure) {
        let bytes = try cell.bytes(of: .int8, .int4, .int2, .oid, named: "bigint, integer, smallint or oid")
        switch cell.type {
        case PostgresType.int8.oid: self = try bytes.integer(Int64.self)
        case PostgresType.int4.oid: self = Int64(try bytes.integer(Int32.self))
        case PostgresType.oid.oid: self = Int64(try bytes.integer(UInt32.self))
        default: self = Int64(try bytes.integer(Int16.self))
        }
    }
}

extension Int: PostgresEncodable, PostgresDecodable {
    /// `bigint`.
    public static var postgresType: PostgresType { .int8 }

    /// Eight bytes.
    public func encode(into encoder: inout PostgresEncoder) { encoder.write(Int64(self)) }

    /// Reads a `bigint`, `integer`, `smallint` or `oid`.
    public init(decoding cell: PostgresCell) throws(PostgresDecodingFailure) {
        self = Int(try Int64(decoding: cell))
    }
}

extension Double: PostgresEncodable, PostgresDecodable {
    /// `double precision`.
    public static var postgresType: PostgresType { .float8 }

    /// Eight bytes of IEEE 754; infinities and NaN travel as they are.
    public func encode(into encoder: inout PostgresEncoder) { encoder.write(bitPattern) }

    /// Reads a `double precision` or a `real`.
    public init(decoding cell: PostgresCell) throws(PostgresDecodingFailure) {
        let bytes = try cell.bytes(of: .float8, .float4, named: "double precision or real")
        if cell.type == PostgresType.float4.oid {
            self = Double(Float(bitPattern: try bytes.integer(UInt32.self)))
        } else {
            self = Double(bitPattern: try bytes.integer(UInt64.self))
        }
    }
}

extension PostgresType {
    /// `oid`, which is only read.
    static let oid = PostgresType(oid: 26, arrayOID: 1028)
}

extension UnsafeRawBufferPointer {
    /// The whole buffer as one integer, most significant byte first.
    func integer<Value: FixedWidthInteger>(_ type: Value.Type) throws(PostgresDecodingFailure) -> Value {
        guard count == MemoryLayout<Value>.size else {
            throw .malformed("of length \(count) instead of \(MemoryLayout<Value>.size)")
        }
        return Value(bigEndian: loadUnaligned(as: Value.self))
    }

    /// An integer inside the buffer, most significant byte first.
    func integer<Value: FixedWidthInteger>(
        _ type: Value.Type, at offset: Int
    ) throws(PostgresDecodingFailure) -> Value {
        guard offset >= 0, count - offset >= MemoryLayout<Value>.size else { throw .malformed("value ends early") }
        return Value(bigEndian: loadUnaligned(fromByteOffset: offset, as: Value.self))
    }
}

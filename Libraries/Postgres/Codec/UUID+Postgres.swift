#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

extension UUID: PostgresEncodable, PostgresDecodable {
    /// `uuid`.
    public static var postgresType: PostgresType { .uuid }

    /// Sixteen bytes.
    public func encode(into encoder: inout PostgresEncoder) {
        withUnsafeBytes(of: uuid) { encoder.write($0) }
    }

    /// Reads a `uuid`.
    public init(decoding cell: PostgresCell) throws(PostgresDecodingFailure) {
        let bytes = try cell.bytes(of: .uuid, named: "uuid")
        guard bytes.count == 16 else { throw .malformed("uuid of length \(bytes.count)") }
        self.init(uuid: bytes.loadUnaligned(as: uuid_t.self))
    }
}

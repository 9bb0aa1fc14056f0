import Contracts
import Postgres

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

extension ID: PostgresEncodable {
    /// Ids are `uuid`.
    public static var postgresType: PostgresType { UUID.postgresType }

    /// Writes the sixteen bytes.
    public func encode(into encoder: inout PostgresEncoder) {
        uuid.encode(into: &encoder)
    }
}

extension ID: PostgresDecodable {
    /// Reads the sixteen bytes.
    public init(decoding cell: PostgresCell) throws(PostgresDecodingFailure) {
        self.init(try UUID(decoding: cell))
    }
}

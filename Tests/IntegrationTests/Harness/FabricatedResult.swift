import Contracts
import Crypto
import Foundation

/// A result of any size for a request that is over: written by SQL in the place of its own, in the form in which processors store one.
struct FabricatedResult: Sendable {
    /// The request.
    let id: String
    /// How long it is.
    let bytes: Int
    /// Its SHA-256, in hexadecimal.
    let hash: String

    /// The objects are `object 0`, `object 1`, …; after so many of them, a tenth as many have no lines.
    init(of id: String, objects: Int, chunkObjects: Int, noteBytes: Int = 0, in database: TestDatabase) async throws {
        self.id = id
        _ = try await database.column(
            Int32.self, "delete from public.request_result where activity_request_id = $1::text::uuid returning 1", id)
        let stored = try await database.value(
            Int64.self,
            """
            with stored as (
                insert into public.request_result (org_id, activity_request_id, first_position, objects, body)
                select r.org_id, r.id, c.first * 11 / 10, $3::int * 11 / 10,
                    convert_to((select string_agg(format('{"object":"object %s","values":{"n":%s,"note":"%s"}}', i, i, repeat('x', $4)) || E'\\n', '' order by i)
                                from generate_series(c.first, least(c.first + $3, $2) - 1) as i), 'UTF8')
                from public.activity_request as r
                cross join generate_series(0, $2 - 1, $3) as c(first)
                where r.id = $1::text::uuid
                returning octet_length(body) as bytes)
            select sum(bytes)::bigint from stored
            """, id, Int32(objects), Int32(chunkObjects), Int32(noteBytes))
        bytes = Int(stored)
        hash = try await database.value(
            String.self,
            """
            select encode(sha256(string_agg(body, ''::bytea order by first_position)), 'hex')
            from public.request_result where activity_request_id = $1::text::uuid
            """, id)
    }

    /// The SHA-256 of bytes, in the same form.
    static func hash(_ bytes: some Sequence<UInt8>) -> String { SHA256.hash(data: Array(bytes)).hexadecimal }

    /// The SHA-256 of a file.
    static func hash(_ file: URL) throws -> String { SHA256.hash(data: try Data(contentsOf: file)).hexadecimal }
}

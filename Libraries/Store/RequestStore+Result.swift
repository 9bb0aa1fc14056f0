import Contracts
public import JSON
import Postgres

/// A collected result as a whole: which one it is, and how long.
public struct ResultExtent: Sendable, Equatable {
    /// How often the request has been taken up; each round has a result of its own.
    public let round: Int
    /// The state of the request.
    public let state: String
    /// The length of the result's NDJSON.
    public let bytes: Int

    /// Whether the request has ended with this result.
    public var isComplete: Bool { ["done", "delivered", "failed", "timedout"].contains(state) }
}

/// A part of a collected result, as it is stored.
public struct StoredResultChunk: Sendable {
    /// The places of its objects in the request.
    public let positions: Range<Int>
    /// Whole lines of NDJSON.
    public let lines: [UInt8]
}

/// Where the value of a datapoint in a result comes from.
public struct ValueProvenance: Sendable, Equatable {
    /// The key of the datapoint.
    public let datapoint: String
    /// The key of the source that gave it.
    public let source: String
    /// The run that found it.
    public let run: RunID
    /// When the value was learnt, after RFC 3339.
    public let at: String
}

/// Reading collected results.
///
/// A result is one string of bytes, cut into chunks. Its chunks are found by the byte or by the place of an object; nothing that comes before is
/// read, only the sizes.
extension RequestStore {
    private static let extent = Statement(
        "result.extent",
        """
        select r.round, r.state::text,
            (select coalesce(sum(octet_length(c.body)), 0) from public.request_result as c where c.activity_request_id = r.id)::bigint
        from public.activity_request as r
        where r.id = $2 and r.org_id is not distinct from $1
        """)

    // The length of a body is known without reading it.
    private static let place = Statement(
        "result.place",
        """
        select s.first_position, s.first_byte
        from (
            select c.first_position, octet_length(c.body) as bytes,
                   sum(octet_length(c.body)) over in_order - octet_length(c.body) as first_byte
            from public.request_result as c
            where c.activity_request_id = $2 and c.org_id is not distinct from $1
            window in_order as (order by c.first_position rows unbounded preceding)
        ) as s
        where s.first_byte + s.bytes > $3
        order by s.first_position
        limit 1
        """)

    // Of this round only: when a request was taken up again, the chunks of before may be there still, or those of the new result already.
    private static let chunk = Statement(
        "result.chunk",
        """
        with held as materialized (
            select r.id
            from public.activity_request as r
            where r.id = $2 and r.org_id is not distinct from $1 and r.round = $4
              and r.state::text in ('done', 'delivered', 'failed', 'timedout')
        )
        select c.first_position, c.objects, c.body
        from held as h
        -- The first of them, whatever there is behind it.
        cross join lateral (
            select c.first_position, c.objects, c.body
            from public.request_result as c
            where c.activity_request_id = h.id and c.first_position >= $3
            order by c.first_position
            limit 1
        ) as c
        """)

    private static let provenance = Statement(
        "result.provenance",
        """
        with wanted as materialized (
            select o.activity_request_id, o.position, o.name, o.object_id
            from public.request_object as o
            where o.activity_request_id = $2 and o.position >= $3 and o.position < $4 and o.name = any ($5)
              and o.org_id is not distinct from $1
        ), said as materialized (
            select w.name, r.id as run_id, r.object_id
            from wanted as w
            join public.run_queue as r on r.activity_request_id = w.activity_request_id and r.position = w.position
            where r.object_id is not null
            union all
            select w.name, f.run_id, f.object_id
            from wanted as w
            join public.object_finding as f on f.activity_request_id = w.activity_request_id and f.object_id = w.object_id
        ), told as materialized (
            -- Where two sources yield the same datapoint, the line shows that of the run made first, but a value before null.
            select distinct on (s.name, d.key) s.name, d.key, o.key as source, v.run_id, v.created_at
            from said as s
            join public.value as v on v.run_id = s.run_id and v.object_id = s.object_id
            join public.datapoint as d on d.id = v.datapoint_id and d.org_id = v.org_id
            join public.source as o on o.id = v.source_id and o.owner_org_id = v.org_id
            order by s.name, d.key, v.value = 'null', s.run_id
        )
        -- A row for each object: what a row costs on its way is much of the whole.
        select t.name, array_agg(t.key), array_agg(t.source), array_agg(t.run_id),
               array_agg(to_char(t.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))
        from told as t
        group by t.name
        """)

    /// Which result a request has, if this organization has the request.
    public func resultExtent(of id: ActivityRequestID, org: OrgID) async throws(PostgresError) -> ResultExtent? {
        guard let row = try await pool.execute(Self.extent, org, id).first else { return nil }
        let (round, state, bytes) = try row.decode((Int32, String, Int64).self)
        return ResultExtent(round: Int(round), state: state, bytes: Int(bytes))
    }

    /// The chunk that a byte of the result is in: the place of its first object, and the place of its first byte; nil behind the end.
    public func resultPlace(
        ofByte offset: Int, of id: ActivityRequestID, org: OrgID
    ) async throws(PostgresError) -> (position: Int, firstByte: Int)? {
        guard let row = try await pool.execute(Self.place, org, id, Int64(offset)).first else { return nil }
        let (position, firstByte) = try row.decode((Int32, Int64).self)
        return (Int(position), Int(firstByte))
    }

    /// The chunk that begins at the object of this place or after it; nil after the last, or when the result of this round is gone.
    public func resultChunk(
        from position: Int, of id: ActivityRequestID, org: OrgID, round: Int
    ) async throws(PostgresError) -> StoredResultChunk? {
        guard let row = try await pool.execute(Self.chunk, org, id, Int32(position), Int32(round)).first else {
            return nil
        }
        let (first, objects, body) = try row.decode((Int32, Int32, Bytea).self)
        return StoredResultChunk(positions: Int(first)..<Int(first) + Int(objects), lines: body.bytes)
    }

    /// Where the values of some objects come from, by the name of the object and in the order of their datapoints' keys.
    ///
    /// - Parameters:
    ///   - names: the objects' names.
    ///   - positions: among which places of the request they are.
    public func provenance(
        of names: [String], positions: Range<Int>, of id: ActivityRequestID, org: OrgID
    ) async throws(PostgresError) -> [ExactText: [ValueProvenance]] {
        var provenance: [ExactText: [ValueProvenance]] = [:]
        provenance.reserveCapacity(names.count)
        for row in try await pool.execute(
            Self.provenance, org, id, Int32(positions.lowerBound), Int32(positions.upperBound), names)
        {
            let (name, datapoints, sources, runs, times) = try row.decode(
                (String, [String], [String], [RunID], [String]).self)
            provenance[ExactText(name)] = datapoints.indices
                .map { ValueProvenance(datapoint: datapoints[$0], source: sources[$0], run: runs[$0], at: times[$0]) }
                .sorted { $0.datapoint < $1.datapoint }
        }
        return provenance
    }
}

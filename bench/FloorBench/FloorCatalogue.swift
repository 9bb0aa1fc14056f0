import Postgres

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// What the rows refer to: the catalogue of the benchmarks (bench/catalogue.yaml), as it was applied.
struct FloorCatalogue: Sendable {
    let org: UUID
    let objectType: UUID
    let activity: UUID
    let source: UUID
    let datapoints: [(id: UUID, value: JSONB)]

    private static let select = Statement(
        "floor.catalogue",
        """
        select a.org_id, a.object_type_id, a.id, l.source_id,
               array(select d.id from public.datapoint as d
                     where d.org_id = a.org_id and d.object_type_id = a.object_type_id order by d.key)
        from public.activity as a
        join public.activity_source as l on l.org_id = a.org_id and l.activity_id = a.id
        where a.key = 'enrich'
        """)

    private static let insertRequest = Statement(
        "floor.insert_request",
        """
        insert into public.activity_request (org_id, id, activity_id, state, content)
        values ($1, $2, $3, 'in_progress', '{}')
        """)

    private static let insertProgress = Statement(
        "floor.insert_progress",
        "insert into public.request_progress (org_id, activity_request_id) values ($1, $2)")

    /// Values as the answers carry them, in the order of their datapoints' keys.
    private static let values = [
        #""DE""#, "1250", "1987", #""Industrial Machinery""#, #""object-0000001 Holding Limited""#,
    ]

    static func read(_ pool: PostgresPool) async throws -> FloorCatalogue {
        guard let row = try await pool.execute(select).first else {
            throw FloorError("the database lacks the catalogue of the benchmarks: weir apply -f bench/catalogue.yaml")
        }
        let (org, objectType, activity, source, datapoints) = try row.decode((UUID, UUID, UUID, UUID, [UUID]).self)
        guard datapoints.count == values.count else {
            throw FloorError("the catalogue has \(datapoints.count) datapoints; \(values.count) are written")
        }
        return FloorCatalogue(
            org: org, objectType: objectType, activity: activity, source: source,
            datapoints: zip(datapoints, values).map { (id: $0, value: JSONB($1)) })
    }

    /// A request for runs to belong to. It is not part of what is measured.
    func addRequest(_ id: UUID, pool: PostgresPool) async throws {
        var pipeline = Pipeline()
        pipeline.add(Self.insertRequest, org, id, activity)
        pipeline.add(Self.insertProgress, org, id)
        try await pool.run(pipeline)
    }
}

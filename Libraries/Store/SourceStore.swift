import Contracts
import Postgres
public import Sources

/// A source with everything that executing and mapping need.
public struct SourceRecord: Sendable {
    /// A datapoint that the source yields.
    public struct Datapoint: Sendable {
        /// The datapoint.
        public let id: DatapointID
        /// Its key in the catalogue.
        public let key: String
        /// `text`, `number`, `boolean`, `date`, `datetime` or `json`.
        public let type: String
        /// How its values are brought into one form, as JSON; nil: not at all.
        public var normalization: JSONB? = nil
        /// Paths in fall-back order, as JSON.
        public let paths: JSONB
    }

    /// The tenant.
    public let org: OrgID
    /// The tenant's key in the catalogue.
    public let orgKey: String
    /// The source.
    public let id: SourceID
    /// Its key in the catalogue.
    public let key: String
    /// Raised by every change of the source or its mappings.
    public let version: Int64
    /// The templates of its steps, as JSON; those that it has.
    public let templates: [SourceStep: JSONB]
    /// How many runs one exchange may serve.
    public let runsPerExchange: Int
    /// How the API is called: the JSON form of `SourceSetup`.
    public let setup: JSONB
    /// The path of object names, as JSON; nil when the answer is about the run's own object.
    public internal(set) var objectPath: JSONB?
    /// `key` or `value`.
    public internal(set) var objectPathType: String
    /// The values to take from an answer.
    public internal(set) var datapoints: [Datapoint]
    /// Whether a worker has noted that it cannot be used.
    public internal(set) var isNotedUnusable = false
}

/// A request was given another mapping a moment ago: look again which one it has.
public struct MappingReplaced: Error {}

/// Definitions of sources.
public struct SourceStore: Sendable {
    let pool: PostgresPool

    /// Statements run on the service's own pool.
    public init(pool: PostgresPool) {
        self.pool = pool
    }

    private static let read = Statement(
        "source.read",
        """
        select s.owner_org_id, s.key, s.version, s.max_objects,
               case when r.id is null then s.setup else s.setup || jsonb_build_object('rate_group', r.key) end,
               o.key_mapping, coalesce(o.key_mapping_type, 'key'), s.unusable_reason is not null,
               \(SourceStep.columns { "s.\($0)" }),
               (select g.key from public.org as g where g.id = s.owner_org_id)
        from public.source as s
        left join public.rate_group as r on r.id = s.rate_group_id
        left join public.object_source as o
          on o.org_id = s.owner_org_id and o.source_id = s.id and ($2::uuid is null or o.object_type_id = $2)
        where s.id = $1
        limit 1
        """)

    private static let readDatapoints = Statement(
        "source.read_datapoints",
        """
        select d.id, d.key, d.data_type, d.normalization, m.key_mapping
        from public.source as s
        join public.datapoint_source as m on m.org_id = s.owner_org_id and m.source_id = s.id
        join public.datapoint as d on d.org_id = m.org_id and d.id = m.datapoint_id
        where s.id = $1 and ($2::uuid is null or d.object_type_id = $2)
        order by d.key
        """)

    private static let readReplacement = Statement(
        "source.read_replacement",
        """
        select m.mapping from public.request_mapping as m where m.id = $2 and m.source_id is not distinct from $1
        """)

    /// The source as it is now; nil when there is none.
    ///
    /// - Parameters:
    ///   - objectType: the type of the objects that its answers are mapped to; nil for whatever it maps.
    ///   - replacement: a mapping that a request was given in place of the catalogue's.
    public func definition(
        of id: SourceID, objectType: ObjectTypeID? = nil, replacement: RequestMappingID? = nil
    ) async throws -> SourceRecord? {
        var pipeline = Pipeline()
        pipeline.add(Self.read, id, objectType)
        pipeline.add(Self.readDatapoints, id, objectType)
        if let replacement { pipeline.add(Self.readReplacement, id, replacement) }
        let results = try await pool.run(pipeline)
        guard let row = results[0].first else { return nil }
        let size = try row.decode(Int32.self, at: 3)
        var templates: [SourceStep: JSONB] = [:]
        for (place, step) in SourceStep.allCases.enumerated() {
            templates[step] = try row.decode(JSONB?.self, at: 8 + place)
        }
        var datapoints: [SourceRecord.Datapoint] = []
        for row in results[1] {
            let (id, key, type, normalization, paths) = try row.decode(
                (DatapointID, String, String, JSONB?, JSONB).self)
            datapoints.append(.init(id: id, key: key, type: type, normalization: normalization, paths: paths))
        }
        let record = SourceRecord(
            org: try row.decode(OrgID.self, at: 0),
            orgKey: try row.decode(String.self, at: 8 + SourceStep.allCases.count), id: id,
            key: try row.decode(String.self, at: 1),
            version: try row.decode(Int64.self, at: 2), templates: templates, runsPerExchange: Int(size),
            setup: try row.decode(JSONB.self, at: 4), objectPath: try row.decode(JSONB?.self, at: 5),
            objectPathType: try row.decode(String.self, at: 6), datapoints: datapoints,
            isNotedUnusable: try row.decode(Bool.self, at: 7))
        guard replacement != nil else { return record }
        guard let stored = try results[2].first?.decode(JSONB.self, at: 0) else { throw MappingReplaced() }
        return try record.mapped(as: RequestMapping(parsing: stored), objectType: objectType)
    }
}

public import Contracts
import Postgres

/// The names and ids that a mapping of an organization may refer to.
public struct MappingNames: Sendable {
    /// An object type with its datapoints.
    public struct ObjectType: Sendable {
        /// The type.
        public let id: ObjectTypeID
        /// Its datapoints by their keys.
        public internal(set) var datapoints: [String: DatapointID]
    }

    /// The sources that the request asks, by their keys.
    public internal(set) var sources: [String: SourceID] = [:]
    /// The organization's object types by their keys.
    public internal(set) var objectTypes: [String: ObjectType] = [:]
}

extension SourceStore {
    private static let sourcesOfRequest = Statement(
        "source.of_request",
        """
        select s.key, s.id
        from public.activity_request as r
        join public.activity_source as l on l.org_id = r.org_id and l.activity_id = r.activity_id
        join public.source as s on s.owner_org_id = l.org_id and s.id = l.source_id
        where r.id = $1 and r.org_id is not distinct from $2
        """)

    private static let datapointsOfOrg = Statement(
        "source.datapoints_of_org",
        """
        select t.key, t.id, d.key, d.id
        from public.object_type as t
        left join public.datapoint as d on d.org_id = t.org_id and d.object_type_id = t.id
        where t.org_id = $1
        """)

    /// What a mapping for a request may refer to.
    public func mappingNames(of request: ActivityRequestID, org: OrgID) async throws -> MappingNames {
        var pipeline = Pipeline()
        pipeline.add(Self.sourcesOfRequest, request, org)
        pipeline.add(Self.datapointsOfOrg, org)
        let results = try await pool.run(pipeline)
        var names = MappingNames()
        for row in results[0] {
            let (key, id) = try row.decode((String, SourceID).self)
            names.sources[key] = id
        }
        for row in results[1] {
            let (type, typeID, key, id) = try row.decode((String, ObjectTypeID, String?, DatapointID?).self)
            names.objectTypes[type, default: .init(id: typeID, datapoints: [:])].datapoints[key ?? ""] = id
        }
        return names
    }
}

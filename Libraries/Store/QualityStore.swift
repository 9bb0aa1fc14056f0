import Contracts
import Postgres

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Looks at how good the data is, through the functions of `etl_api` (migration 0039).
public struct QualityStore: Sendable {
    /// What is looked at.
    public enum Scope: Sendable {
        /// All runs of a request.
        case request(ActivityRequestID)
        /// The runs of a source since a moment.
        case source(SourceID, since: Date)
    }

    /// The most runs that are looked at: of a request the first, of a source the newest.
    public static let runsMax = 100_000
    /// How many groups of each kind are told, the most frequent first.
    private static let groupsMax: Int32 = 100
    /// How many objects with conflicting values are told of each datapoint.
    private static let conflictsOfDatapoint: Int32 = 3

    private let pool: PostgresPool

    /// Statements run on the service's own pool.
    public init(pool: PostgresPool) {
        self.pool = pool
    }

    private static let runs = Statement(
        "quality.runs",
        """
        select count(*), count(*) filter (where r.state in ('new', 'valid', 'waiting', 'ready', 'in_progress')),
               min(utils.uuid_v7_time(r.id))
        from etl_api.assessed_runs($1, $2, $3, $4) as r
        """)

    private static let coverage = Statement(
        "quality.coverage",
        """
        select c.source, c.datapoint, c.objects, c.with_value, c.with_null, c.with_nothing, c.unanswered
        from etl_api.datapoint_coverage($1, $2, $3, $4) as c
        """)

    private static let conversions = Statement(
        "quality.conversions",
        """
        select f.source, f.datapoint, f.failures, f.objects, f.path, f.found, f.reason
        from etl_api.failed_conversions($1, $2, $3, $4) as f
        limit $5
        """)

    private static let conflicts = Statement(
        "quality.conflicts",
        """
        select c.datapoint, c.conflicts,
               jsonb_agg(jsonb_build_object('object', c.object, 'request', c.request_id, 'values', c."values"))
        from etl_api.conflicting_values($1, $2, $3, $4, $6) as c
        group by c.datapoint_id, c.datapoint, c.conflicts
        order by c.conflicts desc, c.datapoint
        limit $5
        """)

    private static let emptyAnswers = Statement(
        "quality.empty_answers",
        """
        select e.source, e.kind, e.runs, e.objects, e.reason from etl_api.empty_answers($1, $2, $3, $4) as e
        limit $5
        """)

    private static let failures = Statement(
        "quality.failures",
        """
        select f.source, f.state, f.substate, f.runs, f.objects, f.reason from etl_api.failed_runs($1, $2, $3, $4) as f
        limit $5
        """)

    /// The source of a key.
    ///
    /// - Throws: ``UnknownSource``.
    public func source(_ key: String, org: OrgID) async throws -> SourceID {
        try SourceStore.source(key, among: await pool.execute(SourceStore.keys, org))
    }

    /// How good the data is, in one round trip. That a request or source is its organization's is for the caller to know.
    public func quality(of scope: Scope) async throws(PostgresError) -> DataQuality {
        let (request, source, since): (ActivityRequestID?, SourceID?, Date?) =
            switch scope {
            case .request(let request): (request, nil, nil)
            case .source(let source, let since): (nil, source, since)
            }
        let runsMax = Int32(Self.runsMax)
        var pipeline = Pipeline()
        // One more says that there are more.
        pipeline.add(Self.runs, request, source, since, runsMax + 1)
        pipeline.add(Self.coverage, request, source, since, runsMax)
        pipeline.add(Self.conversions, request, source, since, runsMax, Self.groupsMax)
        pipeline.add(
            Self.conflicts, request, source, since, runsMax, Self.groupsMax, Self.conflictsOfDatapoint)
        pipeline.add(Self.emptyAnswers, request, source, since, runsMax, Self.groupsMax)
        pipeline.add(Self.failures, request, source, since, runsMax, Self.groupsMax)
        return try Self.quality(of: try await pool.run(pipeline))
    }

    private static func quality(of results: [QueryResult]) throws(PostgresError) -> DataQuality {
        var quality = DataQuality()
        let (total, open, oldest) = try results[0][0].decode((Int64, Int64, Date?).self)
        quality.runs = (total: min(Int(total), runsMax), open: Int(open))
        quality.isCut = total > runsMax
        quality.oldestRunAt = oldest
        for row in results[1] {
            let (source, datapoint, objects, value, null, nothing, unanswered) = try row.decode(
                (String, String, Int64, Int64, Int64, Int64, Int64).self)
            quality.coverage.append(
                .init(
                    source: source, datapoint: datapoint, objects: Int(objects), withValue: Int(value),
                    withNull: Int(null), withNothing: Int(nothing), unanswered: Int(unanswered)))
        }
        for row in results[2] {
            let (source, datapoint, count, objects, path, found, reason) = try row.decode(
                (String, String?, Int64, [String], String, String, String).self)
            quality.conversions.append(
                .init(
                    source: source, datapoint: datapoint, count: Int(count), objects: objects, path: path,
                    found: found, reason: reason))
        }
        for row in results[3] {
            let (datapoint, count, examples) = try row.decode((String, Int64, JSONB).self)
            quality.conflicts.append(.init(datapoint: datapoint, count: Int(count), examples: examples))
        }
        for row in results[4] {
            let (source, kind, runs, objects, reason) = try row.decode(
                (String, String, Int64, [String], String?).self)
            quality.emptyAnswers.append(
                .init(source: source, kind: kind, runs: Int(runs), objects: objects, reason: reason))
        }
        for row in results[5] {
            let (source, state, substate, runs, objects, reason) = try row.decode(
                (String, String, String?, Int64, [String], String?).self)
            quality.failures.append(
                .init(
                    source: source, state: state, substate: substate, runs: Int(runs), objects: objects,
                    reason: reason))
        }
        return quality
    }
}

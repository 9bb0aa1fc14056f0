public import Contracts
import JSON
import Postgres

/// One page of a request's runs whose stored answers can be mapped anew.
public struct ReplayPage: Sendable {
    /// The answers, each with those of its runs that are in this page.
    public let answers: [FetchedAnswer]
    /// The place of the object at which the next page begins; nil after the last.
    public let next: Int?
}

/// How far mapping answers anew would change what is stored.
public struct ReplayDifference: Sendable {
    /// One value that would change.
    public struct Example: Sendable {
        /// The object's name.
        public let object: String
        /// The key of the datapoint.
        public let datapoint: String
        /// The beginning of the stored value as JSON text; nil when there is none.
        public let old: String?
        /// The beginning of the new one; nil when there is none.
        public let new: String?
    }

    /// How many values of a datapoint would change how.
    public struct Count: Sendable {
        /// The key of the datapoint.
        public let datapoint: String
        /// Values where there were none.
        public let added: Int
        /// Other values.
        public let changed: Int
        /// Values that go.
        public let removed: Int
        /// Values that stay.
        public let unchanged: Int
    }

    /// By the key of the datapoint.
    public let counts: [Count]
    /// A few of each datapoint and kind of change.
    public let examples: [Example]
}

/// What became of one page of runs.
public struct ReplayedPage: Sendable {
    /// Runs whose answers wait to be mapped anew.
    public let replayed: Int
    /// Whether the request was over and goes on.
    public let isReopened: Bool
    /// The place of the object at which the next page begins; nil after the last.
    public let next: Int?
}

extension RunStore {
    /// How many runs are mapped in one page of a dry run.
    static let dryRunPage = 500
    /// How many examples of each datapoint and kind of change a page has.
    private static let examplesMax = 5

    static let replaySize = Statement(
        "run.replay_size",
        """
        select p.objects_total, p.runs_planned / greatest(p.objects_total, 1),
               exists (select from public.run_queue as r where r.activity_request_id = $1 and r.object_id is null)
        from public.request_progress as p where p.activity_request_id = $1
        """)

    // Answers that were mapped, well or not: an exchange that failed has none.
    private static let readReplayable = Statement(
        "run.read_replayable",
        """
        with page as materialized (
            select r.org_id, r.id, r.activity_request_id, r.source_id, r.run_request_id, r.object_id, r.position
            from public.run_queue as r
            where r.activity_request_id = $1 and r.position >= $2 and r.position < $3 and r.org_id is not distinct from $4
              and r.state::text in ('done', 'failed')
        ), numbered as materialized (
            select p.*, row_number() over (partition by p.run_request_id order by p.position, p.id) = 1 as is_first from page as p
        )
        select p.id, p.org_id, p.activity_request_id, p.source_id, s.version, p.run_request_id, p.object_id, o.name, p.position,
               p.before < $5, case when p.is_first and p.before < $5 then p.body end, p.runs, a.object_type_id, a.max_objects, p.pages,
               p.no_data
        from (
            select n.*, x.body, x.runs, x.pages, x.no_data,
                   sum(case when n.is_first then octet_length(x.body) else 0 end) over in_order
                       - case when n.is_first then octet_length(x.body) else 0 end as before
            from numbered as n
            join public.run_result as x on x.run_request_id = n.run_request_id
            window in_order as (order by n.position, n.id rows unbounded preceding)
        ) as p
        join public.source as s on s.id = p.source_id
        left join public.request_object as o
          on o.activity_request_id = p.activity_request_id and o.position = p.position and p.object_id is not null
        left join lateral (
            select a.object_type_id, a.max_objects
            from public.activity_request as q
            join public.activity as a on a.org_id = q.org_id and a.id = q.activity_id
            where q.id = p.activity_request_id
        ) as a on true
        order by p.position, p.id
        """)

    /// Reads one page of the stored answers of a request.
    ///
    /// - Parameters:
    ///   - first: the place of the object at which it begins.
    ///   - bytesMax: the page ends before the object whose answers would come after this many bytes; those of its first object are always
    ///     in it.
    public func replayable(
        of request: ActivityRequestID, org: OrgID, from first: Int, bytesMax: Int = 16 << 20
    ) async throws -> ReplayPage {
        let size = try await pool.execute(Self.replaySize, request).first?.decode((Int32, Int32, Bool).self)
        let finds = size?.2 ?? false
        var end = first + max(1, Self.dryRunPage / max(1, Int(size?.1 ?? 1)))
        let rows = try await pool.execute(
            Self.readReplayable, request, Int32(clamping: first), Int32(clamping: end), org, Int64(bytesMax))
        var answers: [FetchedAnswer] = []
        var places: [RunRequestID: Int] = [:]
        for row in rows {
            let (
                id, org, request, source, version, exchange, object, name, position, fits, body, runs, type, objectsMax,
                pages, noData
            ) = try row.decode(
                (
                    RunID, OrgID, ActivityRequestID, SourceID, Int64, RunRequestID, ObjectID?, String?, Int32, Bool,
                    Bytea?, Int32, ObjectTypeID?, Int32?, Int32?, String?
                ).self)
            if !fits, Int(position) > first {
                end = min(end, Int(position))
                break
            }
            if places[exchange] == nil {
                guard let body else { continue }
                places[exchange] = answers.count
                answers.append(
                    FetchedAnswer(
                        source: source, sourceVersion: version, exchange: exchange, body: body.bytes,
                        pages: pages.map(Int.init), noData: noData, runsOfExchange: Int(runs), runs: []))
            }
            guard let place = places[exchange] else { continue }
            answers[place].runs.append(
                FetchedRun(
                    id: id, org: org, request: request, source: source, object: object, objectName: name ?? "",
                    finding: object == nil
                        ? type.map { FindingTerms(objectType: $0, objectsMax: Int(objectsMax ?? 0)) } : nil,
                    objectType: type))
        }
        // Runs that find objects all stand at the first place.
        return ReplayPage(answers: answers, next: !finds && end < Int(size?.0 ?? 0) ? end : nil)
    }

    // By the objects' names: those that would be found now may not be stored yet. What is equal as jsonb is the same value.
    private static let compare = Statement(
        "run.compare_values",
        """
        with run as materialized (
            select i.id, i.name, i.place from unnest($1::uuid[], $2::text[]) with ordinality as i(id, name, place)
        ), new as materialized (
            select v.run as place, v.name, v.datapoint_id, v.value
            from unnest($3::int[], $4::text[], $5::uuid[], $6::jsonb[]) as v(run, name, datapoint_id, value)
        ), old as materialized (
            select r.place, coalesce(r.name, o.original_object_value_name) as name, v.datapoint_id, v.value
            from run as r
            join public.value as v on v.run_id = r.id
            left join public.object as o on o.id = v.object_id
        ), both_sides as materialized (
            select coalesce(n.name, o.name) as name, coalesce(n.datapoint_id, o.datapoint_id) as datapoint_id,
                   o.value as old_value, n.value as new_value, coalesce(n.place, o.place) as place,
                   case when o.value is null then 'added' when n.value is null then 'removed'
                        when n.value = o.value then 'unchanged' else 'changed' end as kind
            from new as n
            full join old as o on o.place = n.place and o.name = n.name and o.datapoint_id = n.datapoint_id
        ), ranked as materialized (
            select b.*, count(*) over (partition by b.datapoint_id, b.kind) as kind_count,
                   row_number() over (partition by b.datapoint_id, b.kind order by b.place, b.name) as rank
            from both_sides as b
        )
        select coalesce(d.key, r.datapoint_id::text), r.kind, r.kind_count, r.name, left(r.old_value::text, 200), left(r.new_value::text, 200)
        from ranked as r
        left join public.datapoint as d on d.id = r.datapoint_id
        where r.rank = 1 or r.rank <= $7 and r.kind <> 'unchanged'
        order by 1, r.kind, r.rank
        """)

    /// How what came of mapping answers anew differs from what is stored of their runs. Nothing is changed.
    public func difference(of processed: [ProcessedRun]) async throws -> ReplayDifference {
        var new: (places: [Int32], names: [String], datapoints: [DatapointID], values: [JSONB]) = ([], [], [], [])
        for (index, outcome) in processed.enumerated() {
            let found =
                outcome.run.object != nil
                ? [(outcome.run.objectName, outcome.values)] : outcome.findings.map { ($0.name, $0.values) }
            // Of two objects with one name the first counts, as where they are stored.
            var seen: Set<ExactText> = []
            for (name, values) in found where seen.insert(ExactText(name)).inserted {
                for value in values {
                    new.places.append(Int32(index + 1))
                    new.names.append(name)
                    new.datapoints.append(value.datapoint)
                    new.values.append(value.json)
                }
            }
        }
        let rows = try await pool.execute(
            Self.compare, processed.map(\.run.id), processed.map { $0.run.object == nil ? nil : $0.run.objectName },
            new.places, new.names, new.datapoints, new.values, Self.examplesMax)
        var counts: [String: [String: Int]] = [:]
        var examples: [ReplayDifference.Example] = []
        for row in rows {
            let (datapoint, kind, count, object, old, value) = try row.decode(
                (String, String, Int64, String, String?, String?).self)
            counts[datapoint, default: [:]][kind] = Int(count)
            if kind != "unchanged" {
                examples.append(.init(object: object, datapoint: datapoint, old: old, new: value))
            }
        }
        return ReplayDifference(
            counts: counts.sorted { $0.key < $1.key }.map { key, kinds in
                .init(
                    datapoint: key, added: kinds["added"] ?? 0, changed: kinds["changed"] ?? 0,
                    removed: kinds["removed"] ?? 0, unchanged: kinds["unchanged"] ?? 0)
            }, examples: examples)
    }
}

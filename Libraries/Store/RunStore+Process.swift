import Contracts
import Postgres

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A raw answer that waits to be mapped, with the runs that it is for.
public struct FetchedAnswer: Sendable {
    /// The source that answered.
    public let source: SourceID
    /// The version of the source's mappings.
    public let sourceVersion: Int64
    /// The exchange that fetched it.
    public let exchange: RunRequestID
    /// The answer, as received; of a paged source the JSON array of its pages.
    public let body: [UInt8]
    /// How many pages it has; nil: it is not paged.
    public var pages: Int?
    /// Why the API has nothing on what was asked for; nil: the answer is to be mapped.
    public var noData: String?
    /// Whether the answer is not there any more; then the body is empty.
    public var isGone = false
    /// How many runs the exchange was for.
    public let runsOfExchange: Int
    /// These runs, or as many of them as fitted into the batch.
    public var runs: [FetchedRun]
}

/// A run whose raw answer waits to be mapped.
public struct FetchedRun: Sendable {
    /// The run.
    public let id: RunID
    /// The tenant.
    public let org: OrgID
    /// The request that it belongs to.
    public let request: ActivityRequestID
    /// The source that answered.
    public let source: SourceID
    /// The object that the run is about; nil when it finds objects.
    public let object: ObjectID?
    /// The object's name as the client wrote it; empty when the run finds objects.
    public let objectName: String
    /// What it may find; nil when it is about one object.
    public var finding: FindingTerms?
    /// The type of its objects; nil when its source maps no other, so that nobody needs to ask.
    public var objectType: ObjectTypeID?
    /// The mapping that its request is given in place of the catalogue's; nil: the catalogue's.
    public var mapping: RequestMappingID?
    /// When its answer came, if that is mapped anew; nil: it is mapped for the first time. Its values are as old as its answer: what came
    /// later is newer all the same.
    var replayOf: Date?
}

/// What mapping made of one run.
public struct ProcessedRun: Sendable {
    /// The run as it was picked.
    public let run: FetchedRun
    /// `done` or `failed`.
    public let succeeded: Bool
    /// A short word for programs; nil when there is nothing to say.
    public let substate: String?
    /// A sentence for people.
    public let reason: String?
    /// The values found, as JSON; of the run's own object.
    public let values: [(datapoint: DatapointID, json: JSONB)]
    /// Of those values that normalization has changed, what the answer says; in the same order.
    public let originals: [(datapoint: DatapointID, json: JSONB)]
    /// What the answer holds and could not be converted.
    public let failures: [FailedConversion]
    /// The objects found, in the order of the answer; of a run that finds objects.
    public let findings: [FoundObject]

    /// What these texts gain when Postgres writes their numbers out, in bytes, at the most.
    let bytesGained: Int

    /// The bytes of the values as they will be read.
    var valueBytes: Int32 {
        Int32(
            clamping: values.reduce(bytesGained) { $0 + $1.json.bytes.count }
                + findings.reduce(0) { $0 + $1.valueBytes })
    }

    /// The outcome of a run.
    public init(
        run: FetchedRun, succeeded: Bool, substate: String? = nil, reason: String? = nil,
        values: [(datapoint: DatapointID, json: JSONB)] = [], originals: [(datapoint: DatapointID, json: JSONB)] = [],
        failures: [FailedConversion] = [], findings: [FoundObject] = [], bytesGained: Int = 0
    ) {
        self.run = run
        self.succeeded = succeeded
        self.substate = substate
        self.reason = reason
        self.values = values
        self.originals = originals
        self.failures = failures
        self.findings = findings
        self.bytesGained = bytesGained
    }
}

extension RunStore {
    // The rows stay locked until the transaction ends: the lock is the claim. A processor that dies loses it at once,
    // and one that hangs loses it with its session (docs/decisions/0005).
    private static let pick = Statement(
        "run.pick",
        """
        with picked as materialized (
            select r.org_id, r.id, r.activity_request_id, r.source_id, r.run_request_id, r.object_id, r.position, r.replayed_at
            from public.run_queue as r
            where r.state = 'in_progress' and r.state_substate = 'fetched'
            order by r.run_request_id, r.id
            limit $1
            for no key update skip locked
        ), several as materialized (
            -- Sources that map objects of more than one type: which of them a run is about, its activity says.
            select k.source_id
            from (select distinct p.org_id, p.source_id from picked as p) as k
            cross join lateral (
                select m.object_type_id from public.object_source as m where m.org_id = k.org_id and m.source_id = k.source_id
                union
                select (select d.object_type_id from public.datapoint as d where d.org_id = m.org_id and d.id = m.datapoint_id)
                from public.datapoint_source as m
                where m.org_id = k.org_id and m.source_id = k.source_id
            ) as t
            group by k.source_id
            having count(*) > 1
        )
        select p.id, p.org_id, p.activity_request_id, p.source_id, s.version, p.run_request_id, p.object_id, o.name, p.body, p.runs,
               a.object_type_id, a.max_objects, p.pages, p.no_data, p.replayed_at is not null, p.received_at, m.id
        from (
            -- All runs of an exchange stand or fall with its answer: what came before it is the same for all of them.
            select p.*, max(p.before_answer) over (rows unbounded preceding) as before
            from (
                select p.*, x.body, x.runs, x.pages, x.no_data, x.received_at,
                       -- An answer that is gone has no bytes, and its runs are picked all the same.
                       case when p.is_first
                            then coalesce(sum(octet_length(x.body)) over (rows unbounded preceding), 0) - coalesce(octet_length(x.body), 0)
                       end as before_answer
                from (
                    -- Runs of one exchange stand together; the first of them brings the answer.
                    select p.*, lag(p.run_request_id) over () is distinct from p.run_request_id as is_first
                    from picked as p
                ) as p
                left join public.run_result as x on p.is_first and x.run_request_id = p.run_request_id
            ) as p
        ) as p
        join public.source as s on s.id = p.source_id
        left join public.request_mapping as m
          on m.activity_request_id = p.activity_request_id and m.source_id = p.source_id
        left join public.request_object as o
          on o.activity_request_id = p.activity_request_id and o.position = p.position and p.object_id is not null
        left join lateral (
            select a.object_type_id, least(a.max_objects, q.objects_max) as max_objects
            from public.activity_request as q
            join public.activity as a on a.org_id = q.org_id and a.id = q.activity_id
            -- Of the other runs nothing is even looked for.
            where q.id = case when p.object_id is null or p.source_id = any (array(select v.source_id from several as v))
                              then p.activity_request_id end
        ) as a on true
        where p.before < $2
        """)

    private static let storeValues = Statement(
        "run.store_values",
        """
        insert into public.value
            (org_id, run_id, object_id, datapoint_id, source_id, activity_request_id, value, original, created_at)
        select ($1::uuid[])[v.k], ($2::uuid[])[v.k], ($3::uuid[])[v.k], v.datapoint_id, ($4::uuid[])[v.k],
               ($5::uuid[])[v.k], v.value, v.original, coalesce(($10::timestamptz[])[v.k], now())
        -- A batch without originals comes with none: what a list lacks at its end is null.
        from unnest($6::int[], $7::uuid[], $8::jsonb[], $9::jsonb[]) as v(k, datapoint_id, value, original)
        on conflict do nothing
        """)

    // What the mapping before has made of the same answers.
    private static let forgetValues = Statement(
        "run.forget_values", "delete from public.value as v using unnest($1::uuid[]) as i(id) where v.run_id = i.id")

    private static let forgetFailures = Statement(
        "run.forget_conversion_failures",
        "delete from public.conversion_failure as f using unnest($1::uuid[]) as i(id) where f.run_id = i.id")

    private static let close = Statement(
        "run.close",
        """
        update public.run_queue as r
        set state = i.state::public.run_queue_state, state_substate = i.substate, state_reason = i.reason,
            value_bytes = i.value_bytes
        from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::int[]) as i(id, state, substate, reason, value_bytes)
        where r.id = i.id and r.state is not distinct from 'in_progress' and r.state_substate is not distinct from 'fetched'
        """)

    /// Picks runs whose answers wait, maps them with `map`, and stores what came of it, in one transaction of two round
    /// trips.
    ///
    /// - Parameters:
    ///   - runsMax: how many runs at the most.
    ///   - bytesMax: picking stops after the answer that reaches this many bytes.
    ///   - map: pure work on the picked answers; anything it throws undoes the picking.
    /// - Returns: how many runs were picked, and the requests whose last run this closed.
    public func process(
        runsMax: Int, bytesMax: Int, map: @Sendable ([FetchedAnswer]) async throws -> [ProcessedRun]
    ) async throws -> (picked: Int, closedRequests: [ActivityRequestID]) {
        try await pool.transaction { transaction in
            let rows = try await transaction.execute(Self.pick, runsMax, Int64(bytesMax))
            if rows.isEmpty { return (0, []) }
            let processed = try await map(try Self.answers(of: rows))
            let found = try await Self.store(findingsOf: processed, in: transaction)
            let replayed = processed.filter { $0.run.replayOf != nil }.map(\.run.id)
            let closed = try await transaction.commit(Self.finish(processed, found, replayed: replayed))
            let requests = try closed[replayed.isEmpty ? 2 : 4].map { row in
                try row.decode(ActivityRequestID.self, at: 0)
            }
            return (rows.count, requests)
        }
    }

    private static func answers(of rows: QueryResult) throws -> [FetchedAnswer] {
        var answers: [FetchedAnswer] = []
        answers.reserveCapacity(rows.count)
        // As of the body: the first run of an exchange brings it.
        var answeredAt: Date?
        for row in rows {
            let (
                id, org, request, source, version, exchange, object, name, body, runs, type, objectsMax, pages, noData,
                isReplayed, received, mapping
            ) = try row.decode(
                (
                    RunID, OrgID, ActivityRequestID, SourceID, Int64, RunRequestID, ObjectID?, String?, Bytea?, Int32?,
                    ObjectTypeID?, Int32?, Int32?, String?, Bool, Date?, RequestMappingID?
                ).self)
            if let received { answeredAt = received }
            if answers.last?.exchange != exchange {
                answers.append(
                    FetchedAnswer(
                        source: source, sourceVersion: version, exchange: exchange, body: body?.bytes ?? [],
                        pages: pages.map(Int.init), noData: noData, isGone: body == nil,
                        runsOfExchange: Int(runs ?? 1), runs: []))
            }
            answers[answers.count - 1].runs.append(
                FetchedRun(
                    id: id, org: org, request: request, source: source, object: object, objectName: name ?? "",
                    finding: object == nil
                        ? type.map { FindingTerms(objectType: $0, objectsMax: Int(objectsMax ?? 0)) } : nil,
                    objectType: type, mapping: mapping, replayOf: isReplayed ? answeredAt : nil))
        }
        return answers
    }

    private static let storeFailures = Statement(
        "run.store_conversion_failures",
        """
        insert into public.conversion_failure
            (org_id, run_id, place, object_id, datapoint_id, source_id, activity_request_id, path, found, reason)
        select ($1::uuid[])[f.k], ($2::uuid[])[f.k], f.place, ($3::uuid[])[f.k], f.datapoint_id, ($4::uuid[])[f.k],
               ($5::uuid[])[f.k], f.path, f.found, f.reason
        from unnest($6::int[], $7::int[], $8::uuid[], $9::text[], $10::text[], $11::text[])
            as f(k, place, datapoint_id, path, found, reason)
        on conflict do nothing
        """)

    /// - Parameter found: the values of objects that runs have found.
    private static func finish(
        _ processed: [ProcessedRun], _ found: [ValuesOfObject], replayed: [RunID]
    ) -> Pipeline {
        let subjects =
            processed.compactMap { outcome in
                outcome.run.object.map {
                    ValuesOfObject(
                        run: outcome.run, object: $0, values: outcome.values, originals: outcome.originals)
                }
            } + found
        var places: [Int32] = []
        var datapoints: [DatapointID] = []
        var values: [JSONB] = []
        var originals: [JSONB?] = []
        let count = subjects.reduce(0) { $0 + $1.values.count }
        places.reserveCapacity(count)
        datapoints.reserveCapacity(count)
        values.reserveCapacity(count)
        for (index, subject) in subjects.enumerated() {
            var changed = subject.originals[...]
            for value in subject.values {
                if let original = changed.first, original.datapoint == value.datapoint {
                    originals += repeatElement(nil, count: values.count - originals.count)
                    originals.append(original.json)
                    changed.removeFirst()
                }
                places.append(Int32(index + 1))
                datapoints.append(value.datapoint)
                values.append(value.json)
            }
        }
        var pipeline = Pipeline()
        if !replayed.isEmpty {
            pipeline.add(forgetValues, replayed)
            pipeline.add(forgetFailures, replayed)
        }
        // As of the originals: mostly there are none.
        let answeredAt = replayed.isEmpty ? [] : subjects.map(\.run.replayOf)
        pipeline.add(
            storeValues,
            subjects.map(\.run.org), subjects.map(\.run.id), subjects.map(\.object),
            subjects.map(\.run.source), subjects.map(\.run.request), places, datapoints, values, originals,
            answeredAt)
        pipeline.add(
            close,
            processed.map(\.run.id), processed.map { $0.succeeded ? "done" : "failed" },
            processed.map(\.substate), processed.map(\.reason), processed.map(\.valueBytes))
        pipeline.add(closedRequests, Array(Set(processed.map(\.run.request))))
        addFailures(of: processed, to: &pipeline)
        return pipeline
    }

    /// Most batches have none, and cost nothing more.
    private static func addFailures(of processed: [ProcessedRun], to pipeline: inout Pipeline) {
        let failed = processed.filter { !$0.failures.isEmpty }
        if failed.isEmpty { return }
        let failures = failed.enumerated().flatMap { index, outcome in
            outcome.failures.enumerated().map { (run: Int32(index + 1), place: Int32($0 + 1), failure: $1) }
        }
        pipeline.add(
            storeFailures,
            failed.map(\.run.org), failed.map(\.run.id), failed.map(\.run.object), failed.map(\.run.source),
            failed.map(\.run.request), failures.map(\.run), failures.map(\.place), failures.map(\.failure.datapoint),
            failures.map(\.failure.path), failures.map(\.failure.found), failures.map(\.failure.reason))
    }
}
